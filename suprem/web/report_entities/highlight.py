"""A report with its entities marked: by an underline of its own for each certainty, never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from suprem.reports.entity import Certainty, Entity

LEGEND = {
    Certainty.NORMAL: "normal",
    Certainty.ABNORMAL: "abnormal",
    Certainty.UNCERTAIN: "uncertain",
    Certainty.NEGATED: "denied",
}
"""What the certainties are called on the page."""


def highlighted(text: str, entities: Sequence[Entity], *, focus: str | None = None) -> str:
    """Return a report as HTML in which nothing of the report itself is markup.

    Args:
        text: The report.
        entities: Spans in it, in any order; one that overlaps an earlier one is left unmarked.
        focus: Name of the entity that the person looks at.
    """
    pieces: list[str] = []
    position = 0
    for entity in sorted(entities, key=lambda entity: (entity.start, -entity.end)):
        if entity.start < position:
            continue
        pieces.append(escape(text[position : entity.start]))
        classes = f"entity {entity.certainty}" + (" focus" if entity.name == focus else "")
        title = escape(f"{entity.name}: {LEGEND[entity.certainty]}", quote=True)
        pieces.append(f'<mark class="{classes}" title="{title}">{escape(text[entity.start : entity.end])}</mark>')
        position = entity.end
    pieces.append(escape(text[position:]))
    return f'<p class="report">{"".join(pieces)}</p>'


def legend() -> str:
    """Return the key to the marks as HTML."""
    marks = " ".join(f'<mark class="entity {level}">{words}</mark>' for level, words in LEGEND.items())
    return f'<p class="report-legend">{marks}</p>'
