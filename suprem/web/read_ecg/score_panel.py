"""Compute scores once per question, show them, and let the person choose one to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from suprem.concepts.negation import SetAside
from suprem.concepts.query import CardiacQuery, Support
from suprem.inference.elsewhere import rank_withheld
from suprem.inference.measured_check import Contradiction
from suprem.inference.reference import ReferencePercentile
from suprem.inference.reference_bank import OutOfDistribution, OutOfDistributionLevel
from suprem.paper.printout import ScoreLine
from suprem.web.frame import PLOT, plain
from suprem.web.model_card import lineage
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.findings import Order, finding_rows, in_order
from suprem.web.read_ecg.score_export import scores_as_csv
from suprem.web.read_ecg.score_figure import narrow_list, score_figure
from suprem.web.session import LastScores, session

if TYPE_CHECKING:
    from suprem.inference.encoded import EncodedSignals
    from suprem.inference.score import QueryScore, WordingSpread
    from suprem.inference.whole_recording import WholeScore
    from suprem.web.model_cache import SharedPredictor

MEANING = (
    "A bar shows how many of 100 reference ECGs score lower for the same words; a score by itself is not a likelihood "
    "of disease."
)

ALL_OF_IT = "the whole recording"

THRESHOLDS = (
    "A mark across a bar is a threshold that was chosen on some patients and judged on others; its tooltip has "
    "sensitivity and specificity."
)

WORDINGS = (
    "The line under a bar spans the scores of the same finding in its other wordings: how much hangs on the words."
)


def score_queries(
    predictor: SharedPredictor, ecg: PickedEcg, queries: Sequence[CardiacQuery], slot: str = ""
) -> LastScores:
    """Return the scores; computed anew only when recording, window, queries or model changed.

    Args:
        predictor: What scores.
        ecg: What is scored.
        queries: What is asked.
        slot: Keeps the scores of a second ECG on the page apart from those of the first.
    """
    question = (predictor.id, ecg.key, ecg.start, tuple(query.text for query in queries))
    known = session().scored.get(slot)
    if known is None or known.question != question:
        encoded = encoded_once(predictor, ecg, slot)
        scores = sorted(predictor.score(encoded, queries), key=lambda score: -score.score)
        known = session().scored[slot] = LastScores(question, scores, predictor.wording_spread(encoded, queries))
    return known


def encoded_once(predictor: SharedPredictor, ecg: PickedEcg, slot: str = "") -> EncodedSignals:
    """Return an ECG of the page after the encoder, which runs when recording, window or model changed. Arguments as in
    `score_queries`."""
    encoded_from = (predictor.id, ecg.key, ecg.start)
    known = session().encoded.get(slot)
    if known is None or known[0] != encoded_from:
        known = session().encoded[slot] = (encoded_from, predictor.encode(ecg.window))
    return known[1]


def choose_withheld(scored: LastScores, ecg: PickedEcg) -> LastScores:
    """Return the scores that are shown: without those of which too much of the recording is missing, unless the person
    asks for them, here or by name and reason in spite of the quality check. What is missing costs every score
    something, which stands beside it."""
    withheld = [score for score in scored.scores if score.withheld]
    if not withheld or session().overridden.get(ecg.key):
        return scored
    held = withheld[0].missing.held if withheld[0].missing else ""
    names = ", ".join(f"“{score.query}”" for score in withheld)
    st.info(plain(f"Only {held} were recorded. For {names} that costs too much, so the score is withheld."))
    if st.toggle("Show withheld scores", key="show-withheld"):
        return scored
    return replace(scored, scores=[score for score in scored.scores if not score.withheld])


def show_whole(predictor: SharedPredictor, ecg: PickedEcg, queries: Sequence[CardiacQuery]) -> None:
    """Of a recording longer than the model's window, let the person ask for the scores of all of it."""
    seconds = predictor.spec.seconds
    if ecg.record.seconds < 1.2 * seconds:
        return
    shown = f"{ecg.start:g} to {ecg.start + seconds:g} s"
    choice = st.segmented_control(
        "Which part of the recording is scored", (shown, ALL_OF_IT), default=shown, required=True, key="scored-part"
    )
    if choice != ALL_OF_IT:
        return
    question = (predictor.id, ecg.key, tuple(query.text for query in queries))
    known = session().whole
    if known is None or known[0] != question:
        known = session().whole = (question, predictor.score_whole(ecg.record, queries))
    found = sorted((one for one in known[1] if not one.highest.withheld), key=lambda one: -one.highest.score)
    if not found:
        st.info("Too much of the recording is missing in every window; its scores are withheld.")
        return
    st.dataframe(whole_rows(found, seconds), hide_index=True)
    st.caption(
        f"Over {found[0].windows} windows of {seconds:g} s that cover the recording. The highest of several scores is "
        "higher by chance than one score, and has no rank among the reference ECGs. What follows is about "
        f"{shown}; the slider at the top moves it."
    )


def whole_rows(found: Sequence[WholeScore], seconds: float) -> list[dict[str, str | float]]:
    """Return the scores of all of a recording as rows of a table, with the window of the highest."""
    return [
        {
            "query": one.highest.query,
            "highest score": round(one.highest.score, 4),
            "from": f"{one.start:.1f} to {one.start + seconds:.1f} s",
            "mean score": round(one.mean, 4),
        }
        for one in found
    ]


def show_not_scored(aside: Sequence[SetAside]) -> None:
    """Say which queries ask for an absence, and what was scored instead."""
    items = "".join(f"<li>{escape(query.reason)}</li>" for query in aside)
    if items:
        st.html(f'<ul class="remarks">{items}</ul>')


def show_scores(
    scored: LastScores,
    queries: Sequence[CardiacQuery],
    predictor: SharedPredictor,
    ecg: PickedEcg,
    against: Sequence[Contradiction] = (),
    unmet: Mapping[str, str] | None = None,
) -> None:
    """Show bars of ranks, what to know before believing them, which model they are from, and the download."""
    contradicted = frozenset(one.query for one in against if one.present)
    rows = finding_rows(scored.scores, queries, predictor.card, scored.spreads, contradicted, unmet)
    places = {row.score.query: row.place for row in rows if row.place and not row.unmet}
    session().printable = (score_lines(scored.scores, places), predictor.id)
    choice = st.segmented_control("Sort by", list(Order), default=Order.RANK, required=True, key="findings-order")
    rows = in_order(rows, Order(choice or Order.RANK))
    figure = score_figure(rows, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure,
        theme=None,
        config=PLOT,
        key="scores",
        alt="Rank of each finding's score among the reference ECGs; the table below has it too",
    )
    st.html(narrow_list(rows))
    said = remarks(scored.scores, queries) + [
        f"“{row.score.query}” has no bar: {row.unmet}." for row in rows if row.unmet
    ]
    items = "".join(f"<li>{escape(remark)}</li>" for remark in said)
    if items:
        st.html(f'<ul class="remarks">{items}</ul>')
    records = next((place.records for place in places.values()), 0)
    st.caption(
        f"{MEANING} Model {predictor.id}.",
        help=" ".join(
            filter(
                None,
                (
                    f"The rank compares with the scores of the same query on {records:,} reference ECGs, which the "
                    "model was not trained on. It is no likelihood."
                    if records
                    else "",
                    WORDINGS if any(row.spread for row in rows) else "",
                    THRESHOLDS if any(row.thresholds for row in rows) else "",
                    f"{encoder_sentence(predictor.encoder)} Model {predictor.id}{plain(lineage(predictor.card))}.",
                ),
            )
        ),
    )
    table, download = st.columns(2)
    with table.popover("Findings as a table", width="stretch"):
        st.dataframe(
            [row_of(row.score, row.place, scored.spreads.get(row.score.query)) for row in rows], hide_index=True
        )
    download.download_button(
        "Download scores (CSV)",
        scores_as_csv(scored.scores, ecg.title),
        file_name="scores.csv",
        mime="text/csv",
        on_click="ignore",
        width="stretch",
    )


def show_contradictions(against: Sequence[Contradiction]) -> None:
    """Show, above the scores, what the measurements of the same ECG speak against; nothing where they agree."""
    if against:
        first, *others = (one.sentence for one in against)
        st.warning(f"**Measurements contradict a score.** {plain(first)}")
        if others:
            items = "".join(f"<li>{escape(sentence)}</li>" for sentence in others)
            st.html(f'<ul class="remarks">{items}</ul>')


def show_familiarity(found: OutOfDistribution) -> None:
    """Show whether the recording is like the ECGs that the model's figures speak of."""
    st.html(f'<p class="chip {found.likeness}">{escape(familiarity_sentence(found))}</p>')


def familiarity_sentence(found: OutOfDistribution) -> str:
    """Return how like the reference ECGs a recording is, with its rank among them."""
    if found.nearer is None:
        return "Like the reference ECGs or unlike? Unknown: this checkpoint was stored without any."
    rank = f"distance rank {100 * found.nearer:.1f} of 100 among {found.records:,}"
    if found.likeness is OutOfDistributionLevel.UNLIKE:
        return f"Unlike the reference ECGs ({rank}): how good the scores are on such recordings is not known."
    return f"Like the reference ECGs ({rank})."


def score_lines(scores: Sequence[QueryScore], places: Mapping[str, ReferencePercentile]) -> list[ScoreLine]:
    """Return the scores as they are printed."""
    ranks = {query: place.words for query, place in places.items()}
    return [ScoreLine(one.query, one.score, ranks.get(one.query, ""), one.support_words) for one in scores]


def remarks(scores: Sequence[QueryScore], queries: Sequence[CardiacQuery]) -> list[str]:
    """Return one sentence for each query in another language, beyond what an ECG model answers, or no trained term."""
    cautions = {query.text: query.caution for query in queries if query.caution}
    sentences = [
        f"“{query.text}” was read as {query.language}; asked is “{query.prompt}”."
        for query in queries
        if query.language != "English"
    ]
    sentences += dict.fromkeys(
        f"“{score.query}”: {score.missing.sentence}" for score in scores if score.missing is not None
    )
    for score in scores:
        nearest = ", ".join(f"{term} ({cosine:.2f})" for term, cosine in score.nearest)
        if score.query in cautions:
            sentences.append(f"“{score.query}”: {cautions[score.query]}")
        elif score.support is Support.NEAR:
            sentences.append(f"{score.scored_as_sentence} The nearest are {nearest}.")
        elif score.support is Support.OUTSIDE:
            sentences.append(
                f"“{score.query}” is outside what the model was trained on; the nearest terms are {nearest}."
            )
    return sentences


def encoder_sentence(name: str) -> str:
    """Return which text encoder reads the queries, and that it is the fallback where it is."""
    if name == "minilm":
        return (
            "Queries are read by MiniLM, the bundled general-language encoder that stands in for MedCPT; it knows "
            "medical wording less well."
        )
    return f"Queries are read by the text encoder {name}."


def standing_sentence(score: QueryScore, place: ReferencePercentile | None) -> str:
    """Return what is known of how far one score can be trusted."""
    elsewhere = " ".join(found.sentence for found in score.elsewhere)
    if place is None:
        if rank_withheld(score.elsewhere):
            return f"Score {score.score:.2f}. {elsewhere} So no rank is shown."
        unknown = f"Score {score.score:.2f}. This query was not evaluated: neither rank nor AUROC is known."
        return f"{unknown} {elsewhere}".strip()
    parts = [f"Score {score.score:.2f}, {place.words} of {place.records:,} reference ECGs"]
    if place.auroc is not None and place.interval is not None:
        low, high = place.interval
        parts.append(
            f"AUROC {place.auroc:.2f} (95 % interval {low:.2f} to {high:.2f}; {place.positives:,} of them have it)"
        )
    else:
        parts.append("AUROC not known")
    if place.probability is not None:
        parts.append(
            f"calibrated probability {place.probability:.0%} where {place.prevalence:.0%} have it, as there "
            f"(calibration error {place.calibration_error:.1%})"
        )
    return f"{'; '.join(parts)}. {elsewhere}".strip()


def _lost(score: QueryScore) -> str:
    if score.missing is None:
        return ""
    return "not measured" if score.missing.loss is None else f"{score.missing.loss:.2f}"


def row_of(
    score: QueryScore, place: ReferencePercentile | None = None, spread: WordingSpread | None = None
) -> dict[str, str | float]:
    """Return a score as a row of the table."""
    reach = ""
    if place is not None and place.auroc is not None:
        low, high = place.interval or (float("nan"), float("nan"))
        reach = f"{place.auroc:.2f} ({low:.2f} to {high:.2f}; {place.positives:,} with it)"
    calibrated = ""
    if place is not None and place.probability is not None:
        calibrated = f"{place.probability:.0%} (error {place.calibration_error:.1%}, {place.prevalence:.0%} have it)"
    return {
        "query": score.query,
        "score": round(score.score, 4),
        "other wordings": f"{spread.lowest:.2f} to {spread.highest:.2f}" if spread else "",
        "among reference ECGs": place.words if place else "",
        "AUROC of this query": reach,
        "calibrated probability": calibrated,
        "at other hospitals": "; ".join(
            f"{found.auroc:.2f} ({found.hospital}, {found.positives:,} of {found.records:,})"
            for found in score.elsewhere
        ),
        "AUROC lost by what is missing": _lost(score),
        "logit": round(score.logit, 3),
        "vocabulary": str(score.support),
        "text scored": score.prompt,
        "nearest trained terms": ", ".join(f"{term} ({cosine:.2f})" for term, cosine in score.nearest),
    }
