"""The model card shows what the file says, and says where it says nothing."""

from __future__ import annotations

from suprem.model_card import ModelCard
from suprem.web.model_card import attention_rows, attention_sentence, statement_rows, training_rows, validation_sentence

CLASSES = [
    {"code": "AFIB", "query": "atrial fibrillation", "positives": 7, "auroc": 0.97, "ci": [0.9, 0.99]},
    {"code": "NORM", "query": "normal ECG", "positives": 900, "auroc": 0.95, "ci": [0.94, 0.96]},
    {"code": "SVTAC", "query": "supraventricular tachycardia", "positives": 0, "auroc": None, "ci": [None, None]},
]


def test_frequent_statements_come_first_and_unevaluated_ones_stay_empty() -> None:
    rows = statement_rows(ModelCard.of({"validation": {"classes": CLASSES}}))
    assert [row["code"] for row in rows] == ["NORM", "AFIB", "SVTAC"]
    assert (rows[0]["95 % from"], rows[0]["to"]) == (0.94, 0.96)
    assert rows[2]["AUROC"] is None


def test_the_mean_is_given_with_its_interval_and_its_records() -> None:
    card = ModelCard.of({"validation": {"macro": 0.9012, "macro_ci": [0.88, 0.92], "split": "folds 9"}})
    assert "folds 9: 0.901 (95 % interval 0.880 to 0.920)" in validation_sentence(card)
    assert "0.870" in validation_sentence(ModelCard.of({"validation": {"macro_auroc": 0.87}}))


def test_a_card_without_figures_says_so() -> None:
    assert "not evaluated" in validation_sentence(ModelCard())
    assert statement_rows(ModelCard()) == []
    assert training_rows(ModelCard()) == []


def test_training_facts_are_listed_without_empty_ones() -> None:
    data = {
        "corpus": "ptb-xl",
        "train_records": 17418,
        "signal": {"seconds": 10.0, "fs": 100, "leads": ["I", "II"], "scaling": "millivolt"},
    }
    card = ModelCard.of({"training": {"data": data, "commit": ""}})
    rows = {row["what"]: row["value"] for row in training_rows(card)}
    assert rows["Records in training"] == "17,418"
    assert rows["Input"] == "10 s at 100 Hz, leads I, II, scaling millivolt"
    assert "Code" not in rows


def test_the_check_of_attention_is_shown_for_the_checkpoint_it_was_made_of() -> None:
    figures = {
        name: {"median": median, "low": -0.2, "high": 0.9} for name, median in (("all", 0.01), ("other query", 0.7))
    }
    check = {"checkpoint": "a1", "records": 100, "queries": 71, "seeds": 3, "rank_correlation": figures}
    card = ModelCard.of({"attention_check": check})
    assert [row["rank correlation"] for row in attention_rows(card, "a1")] == [0.01, 0.7]
    assert attention_rows(card, "b2") == attention_rows(ModelCard(), "a1") == []
    sentence = attention_sentence(card)
    assert "depend on what was learned (rank correlation 0.01" in sentence
    assert "are much the same whatever is asked (0.70 with the map of the next query" in sentence


def test_unrelated_queries_tell_whether_maps_depend_on_the_query_and_nothing_has_a_sign_at_zero() -> None:
    medians = (("all", -0.002), ("other query", 0.9), ("unrelated query", 0.31))
    figures = {name: {"median": median, "low": -0.2, "high": 0.9} for name, median in medians}
    occlusion = {"records": 10, "attention": figures["all"], "beyond_usual": figures["unrelated query"]}
    known = {**occlusion, "contribution": {"median": 0.61, "low": 0.2, "high": 0.9}}
    for agreement, words in ((occlusion, "beyond the usual 0.31 (median"), (known, "quarter seconds 0.61 (median")):
        check = {"checkpoint": "a1", "records": 9, "queries": 71, "seeds": 3, "rank_correlation": figures}
        card = ModelCard.of({"attention_check": {**check, "occlusion": agreement}})
        sentence = attention_sentence(card)
        assert "differ from query to query (0.31 with the map of an unrelated query" in sentence
        assert words in sentence
        assert "-0.00" not in sentence
        assert str(attention_rows(card, "a1")[0]["rank correlation"]) == "0.0"


def test_pacing_marks_and_averaged_checkpoints_are_facts_of_the_training() -> None:
    signal = {"seconds": 10.0, "fs": 100, "leads": ["I"], "scaling": "millivolt", "pacing_marks": True}
    averaged = [{"checkpoint": "a1", "share": 0.15}, {"checkpoint": "b2", "share": 0.85}]
    rows = {
        row["what"]: row["value"]
        for row in training_rows(ModelCard.of({"training": {"data": {"signal": signal}}, "averaged": averaged}))
    }
    assert rows["Weighted mean of"] == "15% a1, 85% b2"
    assert rows["Input"].endswith("pacing spikes marked where the recording's own rate shows them")
