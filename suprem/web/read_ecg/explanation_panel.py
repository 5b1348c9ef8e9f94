"""Where the model looked for a query and what its answer rests on, of one query or of two against each other.

A fragment: choosing another query or view draws this part of the page anew and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from suprem.concepts.query import CardiacQuery
from suprem.ecg.record import LEADS
from suprem.errors import SupremError
from suprem.web.frame import PLOT, part, plain
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.explanation_figure import (
    ATTENTION_MEANING,
    BEYOND_MEANING,
    CONTRIBUTION_MEANING,
    OCCLUSION_MEANING,
    attention_figure,
    contribution_figure,
    occlusion_figure,
)
from suprem.web.read_ecg.findings import percentiles
from suprem.web.read_ecg.score_panel import standing_sentence
from suprem.web.session import Explained, session

if TYPE_CHECKING:
    from suprem.inference.explain import Explanation
    from suprem.inference.score import QueryScore
    from suprem.web.model_cache import SharedPredictor

OCCLUSION, CONTRIBUTION = "Occlusion", "Contributions"
BEYOND, ATTENTION = "Attention beyond the usual", "All attention"


@part()
def show_explanation(
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    predictor: SharedPredictor,
    ecg: PickedEcg,
    unmet: Collection[str] = (),
) -> None:
    """Let the person choose a query, perhaps another to take off, and what is shown of it on the paper."""
    by_query = {score.query: score for score in scores}
    first, second = st.columns(2, vertical_alignment="bottom")
    # Without their scores: the browser keeps the words of a choice when another recording is opened.
    chosen = first.selectbox("Query", by_rank(scores, queries, predictor, unmet), key="looked-at")
    others = [query for query in by_query if query != chosen]
    minus = second.selectbox(
        "Minus another query",
        others,
        index=None,
        key="minus",
        placeholder="Show the query by itself",
        disabled=not others,
    )
    view = st.segmented_control(
        "Shown on the paper",
        (OCCLUSION, CONTRIBUTION, BEYOND, ATTENTION),
        default=OCCLUSION,
        required=True,
        key="explanation-view",
    )
    places = percentiles([by_query[chosen]], queries, predictor.card)
    st.caption(plain(standing_sentence(by_query[chosen], places.get(chosen))))
    try:
        found, *other = explained(predictor, ecg, [chosen, *([minus] if minus else [])])
    except SupremError as error:  # the page around a fragment does not see its errors when it runs alone
        st.error(plain(str(error)))
        return
    st.markdown(plain(difference_sentence(found, other[0]) if other else found.sentence()))
    of = f"{chosen} minus {minus}" if minus else chosen
    if view == BEYOND:
        figure = attention_figure(
            ecg.window, found.attention, other[0].attention if other else found.usual, start=ecg.start
        )
        meaning = BEYOND_MEANING
    elif view == ATTENTION:
        figure = attention_figure(ecg.window, found.attention, *(one.attention for one in other), start=ecg.start)
        meaning = ATTENTION_MEANING
    elif view == CONTRIBUTION:
        figure = contribution_figure(
            ecg.window, found.contribution, *(one.contribution for one in other), start=ecg.start
        )
        meaning = CONTRIBUTION_MEANING
    else:
        figure = occlusion_figure(ecg.window, found.occlusion, *(one.occlusion for one in other), start=ecg.start)
        meaning = OCCLUSION_MEANING
    st.plotly_chart(figure, theme=None, config=PLOT, key="attention", alt=f"{view} for {of} by lead and time")
    more = {
        CONTRIBUTION: found.contribution_sentence,
        BEYOND: found.dependence_sentence,
        ATTENTION: found.dependence_sentence,
    }
    st.caption(plain(f"{more[view]()} {meaning}" if view in more else meaning))


def by_rank(
    scores: Sequence[QueryScore],
    queries: Sequence[CardiacQuery],
    predictor: SharedPredictor,
    unmet: Collection[str] = (),
) -> list[str]:
    """Return the queries, the one of the highest rank first, and last those that measurements rule out or without."""
    places = percentiles(scores, queries, predictor.card)
    ranked = {query: place.lower for query, place in places.items() if query not in unmet}
    return sorted((score.query for score in scores), key=lambda query: -ranked[query] if query in ranked else 1.0)


def explained(predictor: SharedPredictor, ecg: PickedEcg, queries: Sequence[str]) -> list[Explanation]:
    """Return explanations; a recording is encoded once, and each query is decoded once, in a session.

    Raises:
        SupremError: The model has no attention over leads and time.
    """
    question = (predictor.id, ecg.key, ecg.start)
    known = session().explained
    if known is None or known.question != question:
        with st.spinner("Leaving out each lead and second …"):
            known = session().explained = Explained(question, predictor.read(ecg.window))
    new = [query for query in queries if query not in known.found]
    known.found.update(zip(new, predictor.explain(known.read, new), strict=True))
    return [known.found[query] for query in queries]


def difference_sentence(first: Explanation, second: Explanation) -> str:
    """Return where two queries of one recording differ most."""
    looked = {
        lead: float(first.attention.per_lead[row] - second.attention.per_lead[row])
        for row, lead in enumerate(LEADS)
        if lead in first.attention.read_leads
    }
    # A fall without the lead is a negative change.
    rests = {lead: float(second.occlusion.leads[row] - first.occlusion.leads[row]) for row, lead in enumerate(LEADS)}
    most_looked, most_rests = _largest(looked), _largest(rests)
    scores = first.occlusion.score, second.occlusion.score
    return (
        f"“{first.query}” minus “{second.query}”: score {scores[0]:.2f} − {scores[1]:.2f} = "
        f"{scores[0] - scores[1]:+.2f}. Their attention differs most on {most_looked} "
        f"({looked[most_looked]:+.0%} of all attention); what they rest on differs most in {most_rests}, without which "
        f"the logit falls {abs(rests[most_rests]):.1f} {'more' if rests[most_rests] > 0 else 'less'}."
    )


def _largest(values: Mapping[str, float]) -> str:
    return max(values, key=lambda name: abs(values[name]))
