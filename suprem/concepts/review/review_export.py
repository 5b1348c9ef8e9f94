"""The approved mapping as a CSV file that a spreadsheet opens safely, and that says who decided and when."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Lookup

from suprem.concepts.mapping.mapping import Mapping
from suprem.concepts.review.decision import Decision
from suprem.concepts.vocabulary import Vocabulary
from suprem.export import csv_text, text_cell

COLUMNS = (
    "entity",
    "code",
    "concept",
    "similarity",
    "cluster",
    "equivalence",
    "reviewers",
    "decided_at",
    "comment",
    "version",
    "settled",
)


def approved_as_csv(
    settled: Lookup[str, tuple[Decision, ...]], mappings: Iterable[Mapping], vocabulary: Vocabulary
) -> str:
    """Return what is settled of a vocabulary version, with the research-use notice below it.

    Args:
        settled: `ReviewStore.settled(version)`.
        mappings: The rows of the version, for similarity and cluster; a decision on no row of it is left out.
        vocabulary: The reference concepts, for their names.

    Returns:
        One line for each settled row, in the order of `mappings`. The code is empty where it has no target; the
        similarity is empty where the reviewers chose another concept than the mapping, to which it does not apply.
    """
    names = {concept.code: concept.name for concept in vocabulary.concepts}
    rows = (map(text_cell, _cells(row, settled[row.entity], names)) for row in mappings if row.entity in settled)
    return csv_text(COLUMNS, rows)


def settled_by(decisions: tuple[Decision, ...]) -> str:
    """Return how a row came to be settled: "adjudicated", "agreed" by several reviewers, or by "one reviewer"."""
    if decisions[0].adjudication:
        return "adjudicated"
    return "agreed" if len(decisions) > 1 else "one reviewer"


def _cells(row: Mapping, decisions: tuple[Decision, ...], names: Lookup[str, str]) -> tuple[str, ...]:
    code = decisions[0].code
    equivalences = {decision.equivalence or "" for decision in decisions}
    return (
        row.entity,
        code,
        names.get(code, ""),
        f"{row.similarity:.4f}" if code and code == row.code else "",
        str(row.cluster),
        equivalences.pop() if len(equivalences) == 1 else "",
        "; ".join(decision.reviewer for decision in decisions),
        max(decision.decided_at for decision in decisions),
        "; ".join(decision.comment for decision in decisions if decision.comment),
        decisions[0].version,
        settled_by(decisions),
    )
