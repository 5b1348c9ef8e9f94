"""Each layout has its leads where a cardiologist looks for them, and its sheets fit the paper."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS
from suprem.paper.layout import CABRERA, Layout, PaperScale, Sheet, Strip, draw, lay_out
from tests.tiny import ecg


def grid(sheet: Sheet) -> list[list[str]]:
    """Return the names of each row from left to right, top row first."""
    return [
        [strip.name for strip in sorted(sheet.strips, key=lambda strip: strip.first) if strip.middle == row]
        for row in sorted(sheet.rows, reverse=True)
    ]


THREE_BY_FOUR = [["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"]]


@pytest.mark.parametrize(
    ("layout", "rows"),
    [
        (Layout.COLUMNS, [*THREE_BY_FOUR, ["II"]]),
        (Layout.THREE_RHYTHMS, [*THREE_BY_FOUR, ["II"], ["V1"], ["V5"]]),
        (Layout.TWO_COLUMNS, [list(pair) for pair in zip(LIMB_LEADS, CHEST_LEADS, strict=True)]),
        (Layout.FULL_LENGTH, [[lead] for lead in LEADS]),
        (
            Layout.CABRERA,
            [["aVL", "V1"], ["I", "V2"], ["−aVR", "V3"], ["II", "V4"], ["aVF", "V5"], ["III", "V6"]],
        ),
    ],
)
def test_leads_stand_where_they_are_looked_for(layout: Layout, rows: list[list[str]]) -> None:
    sheet = lay_out(layout, 10.0)
    assert grid(sheet) == rows
    assert np.diff(sheet.rows) == pytest.approx(-sheet.pitch)
    for row in sheet.rows:
        strips = sorted((strip for strip in sheet.strips if strip.middle == row), key=lambda strip: strip.first)
        assert [strips[0].first, *(strip.last for strip in strips)] == pytest.approx(
            np.linspace(0.0, 10.0, len(strips) + 1).tolist()
        )


def test_cabrera_goes_round_the_frontal_plane_in_steps_of_thirty_degrees() -> None:
    """The direction of a lead follows from its combination of I (0 degrees) and II (60 degrees)."""
    basis = {"I": 0.0, "II": 60.0}
    directions = []
    for name in CABRERA:
        sign = -1.0 if name.startswith("−") else 1.0
        first, second = LIMB_FROM_I_AND_II[name.removeprefix("−")]
        # A lead is the projection on its axis e: e . d(I) = 1 and so on, solved for e over the projections of I and II.
        axes = np.array([[np.cos(np.radians(angle)), np.sin(np.radians(angle))] for angle in basis.values()])
        x, y = sign * (np.array([first, second]) @ axes)
        directions.append(float(np.degrees(np.arctan2(y, x))))
    assert directions == pytest.approx([-30.0, 0.0, 30.0, 60.0, 90.0, 120.0])


def test_an_inverted_lead_is_drawn_upside_down_about_its_middle() -> None:
    record = ecg(seed=2)
    upright = draw(record, Strip("aVR", 0.0, 10.0, 40.0), PaperScale())
    inverted = draw(record, Strip("aVR", 0.0, 10.0, 40.0, inverted=True), PaperScale())
    np.testing.assert_allclose(upright.y - 40.0, 40.0 - inverted.y, atol=1e-6)
    np.testing.assert_array_equal(upright.x, inverted.x)


def test_sheets_at_50_millimetres_a_second_go_on_from_each_other() -> None:
    first, second = lay_out(Layout.COLUMNS, 10.0, PaperScale(speed=50.0)).parts()
    assert (first.left, first.right, second.left, second.right) == (0.0, 250.0, 250.0, 500.0)
    assert grid(first) == [["I", "aVR"], ["II", "aVL"], ["III", "aVF"], ["II"]]
    assert grid(second) == [["V1", "V4"], ["V2", "V5"], ["V3", "V6"], ["II"]]


def test_one_sheet_holds_ten_seconds_at_the_usual_speed() -> None:
    sheet = lay_out(Layout.FULL_LENGTH, 10.0)
    assert sheet.parts() == (sheet,)


def test_rows_move_apart_only_for_a_higher_gain() -> None:
    pitches = [lay_out(Layout.COLUMNS, 10.0, PaperScale(gain=gain)).pitch for gain in (5.0, 10.0, 20.0)]
    assert pitches == [30.0, 30.0, 45.0]
