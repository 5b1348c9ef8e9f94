"""The strip has twelve cells, each with a sign and a word."""

from __future__ import annotations

from suprem.ecg.quality import Finding, Level
from suprem.ecg.record import LEADS
from suprem.web.quality_panel import quality_strip


def test_each_lead_has_a_cell_with_its_worst_level_in_words() -> None:
    findings = (
        Finding("flat", Level.BLOCK, ("V1",), "V1 is flat."),
        Finding("noise", Level.WARN, ("V1", "V2"), "Noisy."),
        Finding("length", Level.WARN, (), "Short."),
    )
    strip = quality_strip(findings)
    cells = strip.split("<div")[2:]
    assert len(cells) == len(LEADS) == 12
    assert [word for cell in cells for word in ("ok", "check", "unusable") if f" {word}</span>" in cell] == [
        *["ok"] * 6, "unusable", "check", *["ok"] * 4,
    ]  # fmt: skip
    assert all(sign in strip for sign in "✓!×")
