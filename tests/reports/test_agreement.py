from __future__ import annotations

import pytest

from suprem.errors import ReportError
from suprem.reports.agreement import (
    AnnotatedText,
    Score,
    Span,
    bio_tags,
    cohen_kappa,
    kappa_interval,
    measure_agreement,
    tokenize,
)
from suprem.reports.entity import Certainty

TEXT = "sinus rhythm, no st elevation"
SINUS = Span(0, 12, Certainty.NORMAL)
ELEVATION = Span(17, 29, Certainty.NEGATED)


def compare(found: tuple[Span, ...], reference: tuple[Span, ...] = (SINUS, ELEVATION)) -> AnnotatedText:
    return AnnotatedText(TEXT, reference, found)


def test_the_tokenizer_is_fixed() -> None:
    text = "st-t 0.21 v4,5 &amp; é_"
    assert [text[start:end] for start, end in tokenize(text)] == [
        *("st", "-", "t", "0", ".", "21", "v", "4", ",", "5", "&", "amp", ";", "é", "_")
    ]


def test_tags_follow_the_bio_scheme() -> None:
    assert bio_tags(TEXT, (SINUS, ELEVATION)) == ["B-normal", "I-normal", "O", "O", "B-negated", "I-negated"]


def test_neighbours_without_a_gap_both_begin() -> None:
    spans = (Span(0, 5, Certainty.NORMAL), Span(6, 12, Certainty.NORMAL))
    assert bio_tags("sinus rhythm", spans) == ["B-normal", "B-normal"]


def test_equal_readings_agree_fully() -> None:
    agreement = measure_agreement([compare((SINUS, ELEVATION))], draws=20)
    perfect = Score(1, 1, 1)
    assert agreement.token == agreement.exact_span == agreement.partial_span == perfect
    assert agreement.kappa == agreement.kappa_without_outside == 1
    assert agreement.certainty_accuracy == agreement.negation_accuracy == 1
    assert agreement.intervals["exact_span_f1"] == (1, 1)


def test_figures_equal_those_counted_by_hand() -> None:
    # Found: the right first span; "no st elevation" as abnormal instead of "st elevation" as negated.
    found = (SINUS, Span(14, 29, Certainty.ABNORMAL))
    agreement = measure_agreement([compare(found)], draws=0)
    assert agreement.exact_span == Score(0.5, 0.5, 0.5)
    assert agreement.partial_span.f1 == pytest.approx((1 + 12 / 15) / 2)
    # Tags: B I O O B I against B I O B I I: right are the first two and the last.
    assert agreement.token == Score(3 / 5, 3 / 4, pytest.approx(2 / 3))
    assert agreement.token_with_certainty == Score(2 / 5, 2 / 4, pytest.approx(4 / 9))
    assert agreement.certainty_accuracy == 0.5
    assert agreement.negation_accuracy == 0
    assert agreement.by_certainty["normal"] == Score(1, 1, 1)
    assert agreement.intervals == {}
    # Kappa with O: 3 of 6 agree; by chance 1/36 (B-n) + 1/36 (I-n) + 2/36 (O).
    assert agreement.kappa == pytest.approx((3 / 6 - 4 / 36) / (1 - 4 / 36))


def test_nothing_found_scores_zero() -> None:
    agreement = measure_agreement([compare(())], draws=0)
    assert agreement.exact_span == Score(0, 0, 0)
    assert agreement.certainty_accuracy is None
    assert agreement.negation_accuracy is None


def test_a_text_without_entities_is_no_division_by_zero() -> None:
    agreement = measure_agreement([compare((), ())], draws=3)
    assert agreement.kappa is None
    assert "certainty_accuracy" not in agreement.intervals


def test_pairs_are_one_to_one() -> None:
    pieces = (Span(0, 5, Certainty.NORMAL), Span(6, 12, Certainty.NORMAL))
    agreement = measure_agreement([compare(pieces, (SINUS,))], draws=0)
    assert agreement.partial_span.recall == pytest.approx(0.5)


def test_intervals_are_the_same_for_the_same_seed_and_hold_the_figure() -> None:
    texts = [compare((SINUS, ELEVATION)), compare((SINUS,)), compare(()), compare((ELEVATION,))]
    first = measure_agreement(texts, draws=200, seed=3)
    assert first == measure_agreement(texts, draws=200, seed=3)
    low, high = first.intervals["exact_span_f1"]
    assert low < first.exact_span.f1 < high


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(ReportError, match="at least one"):
        measure_agreement([])


def test_the_interval_of_kappa_holds_it_and_narrows_with_more_rows() -> None:
    few = {("a", "a"): 12, ("b", "b"): 9, ("a", "b"): 3, ("b", "a"): 2}
    many = {pair: 25 * count for pair, count in few.items()}
    kappa = cohen_kappa(few)
    narrow, wide = kappa_interval(many), kappa_interval(few)
    assert kappa is not None
    assert narrow is not None
    assert wide is not None
    assert wide[0] < narrow[0] < kappa < narrow[1] < wide[1]
    # Fleiss, Cohen and Everitt 1969: the large-sample standard error of kappa, for these rates and 650 rows.
    assert (narrow[1] - narrow[0]) / (2 * 1.96) == pytest.approx(0.0312, abs=0.003)
    assert kappa_interval({("a", "a"): 5}) is None
    assert kappa_interval({}) is None
