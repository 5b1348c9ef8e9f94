"""How an ECG is shown: arrangement, scale and display filters, and the words that state them on the paper."""

from __future__ import annotations

from dataclasses import dataclass

from suprem.ecg.edit import EDITED
from suprem.ecg.record import SYNTHETIC, EcgRecord
from suprem.paper.display_filter import DisplayFilter
from suprem.paper.layout import STANDARD, Layout, PaperScale

_WARNINGS = {SYNTHETIC: "SYNTHETIC, not a person's ECG", EDITED: "EDITED SIGNAL, not a recording"}


@dataclass(frozen=True)
class View:
    """How an ECG is shown.

    Args:
        layout: Arrangement of the leads.
        scale: Paper speed and gain.
        filters: Display filters in use.
    """

    layout: Layout = Layout.COLUMNS
    scale: PaperScale = STANDARD
    filters: tuple[DisplayFilter, ...] = ()

    @property
    def shown(self) -> str:
        """The filters as the header names them, empty for none."""
        return ", ".join(self.filters)


def header(record: EcgRecord, scale: PaperScale, shown: str = "") -> tuple[tuple[str, bool], ...]:
    """Return what stands above every trace, in parts, each with whether it is set in bold.

    Speed, gain, filter and rate, and that the ECG was computed or edited where it was.

    Args:
        record: What is drawn.
        scale: Paper speed and gain.
        shown: The filters that the trace was changed by for display, empty for none.
    """
    parts = [
        (f"{scale.speed:g} mm/s", True),
        (f"{scale.gain:g} mm/mV", True),
        (f"FILTERED for display only: {shown}", True) if shown else ("no display filter", False),
        (f"{record.fs:g} Hz", False),
    ]
    if record.source in _WARNINGS:
        parts.append((_WARNINGS[record.source], True))
    return tuple(parts)
