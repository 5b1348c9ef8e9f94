"""The paper is true: every length in the figure is the length it stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from suprem.ecg.preprocess import crop
from suprem.ecg.record import LEADS, EcgRecord
from suprem.paper.layout import GAINS, SPEEDS, Layout, PaperScale, lay_out
from suprem.web.ecg_paper.ecg_figure import MAX_ALPHA, Blocks, ecg_figure, ecg_figures
from tests.tiny import ecg

LAYOUTS = list(Layout)


def traces(figure: go.Figure, key: str) -> list[Any]:
    return [trace for trace in figure.data if trace.meta and key in trace.meta]


def texts(figure: go.Figure) -> str:
    return " | ".join(annotation.text for annotation in figure.layout.annotations)


def steps(seconds: float = 10.0, fs: float = 500.0) -> EcgRecord:
    """Return a record whose lead k holds k * 0.1 mV in its first half and 1 mV more in its second."""
    half = round(seconds * fs / 2)
    rows = [np.r_[np.full(half, 0.1 * row), np.full(half, 0.1 * row + 1.0)] for row in range(len(LEADS))]
    return EcgRecord(np.array(rows, np.float32), LEADS, fs, "steps", "test")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_sample_drawn_is_at_its_time_and_voltage(layout: Layout) -> None:
    record = ecg(seed=3, noise=0.02, wander=0.4)
    drawn = traces(ecg_figure(record, layout=layout), "lead")
    assert {trace.meta["lead"] for trace in drawn} == set(LEADS)
    for trace in drawn:
        seconds = np.asarray(trace.x) / 25.0
        millivolts = trace.meta["sign"] * (np.asarray(trace.y) - trace.meta["zero"]) / 10.0
        samples = np.rint(seconds * record.fs).astype(int)
        np.testing.assert_allclose(seconds, samples / record.fs, atol=1e-9)
        np.testing.assert_allclose(millivolts, record.lead(trace.meta["lead"])[samples], atol=1e-6)


def test_one_millivolt_is_ten_millimetres_and_one_second_is_twenty_five() -> None:
    (trace,) = [t for t in traces(ecg_figure(steps(), layout=Layout.FULL_LENGTH), "lead") if t.meta["lead"] == "V3"]
    assert trace.y[-1] - trace.y[0] == pytest.approx(10.0)
    jump = int(np.argmax(np.diff(trace.y)))
    assert trace.x[jump + 1] == pytest.approx(5.0 * 25.0)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scale", [PaperScale(speed, gain) for speed in SPEEDS for gain in GAINS], ids=str)
def test_every_scale_holds_for_every_sample_pulse_and_header(layout: Layout, scale: PaperScale) -> None:
    record = ecg(seed=4)
    figures = ecg_figures(record, layout=layout, scale=scale)
    assert len(figures) == (2 if scale.speed == 50.0 else 1)
    seen: dict[str, set[int]] = {lead: set() for lead in LEADS}
    for figure in figures:
        left, right = figure.layout.xaxis.range
        assert right - left <= 250.0 + 33.0
        for trace in traces(figure, "lead"):
            meta = trace.meta
            samples = np.rint(np.asarray(trace.x) / scale.speed * record.fs).astype(int)
            millivolts = meta["sign"] * (np.asarray(trace.y) - meta["zero"]) / scale.gain
            np.testing.assert_allclose(np.asarray(trace.x), samples / record.fs * scale.speed, atol=1e-9)
            np.testing.assert_allclose(millivolts, record.lead(meta["lead"])[samples], atol=1e-6)
            seen[meta["lead"]] |= set(samples.tolist())
        for pulse in traces(figure, "calibration"):
            top = np.asarray(pulse.x)[np.asarray(pulse.y) == max(pulse.y)]
            assert max(pulse.y) - min(pulse.y) == pytest.approx(scale.gain)
            assert top.max() - top.min() == pytest.approx(0.2 * scale.speed)
            assert left < min(pulse.x) < max(pulse.x) <= right
        assert f"<b>{scale.speed:g} mm/s</b> &nbsp; <b>{scale.gain:g} mm/mV</b>" in texts(figure)
    whole = {Layout.FULL_LENGTH: LEADS, Layout.THREE_RHYTHMS: ("II", "V1", "V5"), Layout.COLUMNS: ("II",)}
    assert all(len(seen[lead]) == record.signal.shape[1] for lead in whole.get(layout, ()))


def test_the_header_names_the_display_filters() -> None:
    (figure,) = ecg_figures(ecg(), shown="40 Hz low-pass")
    assert "FILTERED for display only: 40 Hz low-pass" in texts(figure)
    assert "no display filter" not in texts(figure)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_row_has_a_calibration_pulse_of_one_millivolt_for_200_milliseconds(layout: Layout) -> None:
    figure = ecg_figure(ecg(), layout=layout)
    pulses = traces(figure, "calibration")
    rows = lay_out(layout, 10.0).rows
    assert [pulse.y[0] for pulse in pulses] == list(rows)
    for pulse in pulses:
        top = np.asarray(pulse.x)[np.asarray(pulse.y) == max(pulse.y)]
        assert max(pulse.y) - min(pulse.y) == pytest.approx(10.0)
        assert top.max() - top.min() == pytest.approx(5.0)
        assert max(pulse.x) < 0
        assert min(pulse.x) > figure.layout.xaxis.range[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_paper_is_square_and_ruled_at_one_and_five_millimetres(layout: Layout) -> None:
    x, y = (axis := ecg_figure(ecg(), layout=layout).layout).xaxis, axis.yaxis
    assert (y.scaleanchor, y.scaleratio) == ("x", 1)
    assert {(a.dtick, a.minor.dtick, a.tick0, a.minor.tick0) for a in (x, y)} == {(5, 1, 0, 0)}
    assert x.showgrid
    assert y.showgrid
    assert x.minor.showgrid
    assert y.minor.showgrid


def test_columns_follow_each_other_in_time_and_the_rhythm_strip_is_whole() -> None:
    strips = lay_out(Layout.COLUMNS, 10.0).strips
    windows = {strip.lead: (strip.first, strip.last) for strip in strips[:12]}
    assert [windows[lead] for lead in ("I", "aVR", "V1", "V4")] == [(0, 2.5), (2.5, 5), (5, 7.5), (7.5, 10)]
    assert (strips[12].lead, strips[12].first, strips[12].last) == ("II", 0.0, 10.0)
    assert len({(strip.first, strip.middle) for strip in strips}) == 13


def test_a_short_recording_fills_its_columns_and_keeps_the_scale() -> None:
    figure = ecg_figure(crop(ecg(), 0.0, 6.0))
    ends = sorted({round(float(max(trace.x)), 6) for trace in traces(figure, "lead")})
    assert ends == pytest.approx([37.5, 75.0, 112.5, 150.0], abs=0.06)
    assert figure.layout.xaxis.range[1] == pytest.approx(151.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_figure_states_speed_gain_filter_and_every_lead(layout: Layout) -> None:
    shown = texts(ecg_figure(ecg(), layout=layout))
    assert "25 mm/s" in shown
    assert "10 mm/mV" in shown
    assert "no display filter" in shown
    inverted = {"aVR"} if layout is Layout.CABRERA else set()
    assert all(f"<b>{'−' if lead in inverted else ''}{lead}</b>" in shown for lead in LEADS)
    assert "0 s" in shown
    assert "10 s" in shown


def test_time_ticks_count_from_the_start_of_the_whole_recording() -> None:
    assert "12.5 s" in texts(ecg_figure(ecg(), start=12.5))


def test_a_synthetic_ecg_says_so_on_the_paper_and_a_real_one_does_not() -> None:
    assert "SYNTHETIC" in texts(ecg_figure(ecg()))
    assert "SYNTHETIC" not in texts(ecg_figure(replace(ecg(), source="WFDB")))


def test_absent_and_derived_leads_are_named_as_such() -> None:
    record = ecg()
    chest = [lead for lead in LEADS if lead != "V4"]
    record = replace(
        record, signal=record.signal[[LEADS.index(lead) for lead in chest]], leads=tuple(chest), derived=("III",)
    )
    figure = ecg_figure(record)
    assert "V4" not in {trace.meta["lead"] for trace in traces(figure, "lead")}
    shown = {annotation.text.split("</b>")[0]: annotation.text for annotation in figure.layout.annotations}
    assert "not recorded" in shown["<b>V4"]
    assert "computed" in shown["<b>III"]


def test_an_offset_moves_the_zero_line_and_not_the_trace() -> None:
    record = ecg(seed=1)
    moved = replace(record, signal=record.signal + np.float32(1.7))
    for one, other in zip(traces(ecg_figure(record), "lead"), traces(ecg_figure(moved), "lead"), strict=True):
        np.testing.assert_allclose(one.y, other.y, atol=1e-5)


def test_missing_samples_leave_a_gap() -> None:
    record = ecg()
    record.signal[LEADS.index("V1"), 2600:2700] = np.nan
    (trace,) = [t for t in traces(ecg_figure(record), "lead") if t.meta["lead"] == "V1"]
    assert np.isnan(np.asarray(trace.y, float)).sum() == 100


def test_a_lead_without_any_sample_does_not_break_the_figure() -> None:
    record = ecg()
    record.signal[:] = np.nan
    assert len(traces(ecg_figure(record), "lead")) == 13


def test_a_high_wave_of_the_upper_row_enlarges_the_paper_up_to_a_limit() -> None:
    record = ecg()
    usual = ecg_figure(record).layout.yaxis.range[1]
    record.signal[0, 100] = 2.2
    assert ecg_figure(record).layout.yaxis.range[1] > usual
    record.signal[0, 100] = 500.0
    assert ecg_figure(record).layout.yaxis.range[1] <= usual + 25


def some_blocks(**changes: Any) -> Blocks:
    values = np.arange(12 * 40, dtype=np.float32).reshape(12, 40)
    return Blocks(
        **{"values": values, "leads": LEADS, "start": 0.0, "seconds": 0.25, "ceiling": 8.0, "legend": "L", **changes}
    )


def test_blocks_lie_where_and_when_their_values_belong() -> None:
    blocks = some_blocks()
    figure = ecg_figure(ecg(), blocks=blocks)
    for trace in traces(figure, "blocks"):
        row = LEADS.index(trace.meta["blocks"])
        first = round(trace.x[0] / 25.0 / 0.25)
        assert list(trace.z[0]) == list(blocks.values[row, first : first + len(trace.z[0])])
        np.testing.assert_allclose(np.diff(trace.x), 6.25)
    widths = sorted(len(trace.z[0]) for trace in traces(figure, "blocks"))
    assert widths == [10] * 12 + [40]


def test_blocks_leave_the_grid_readable_and_keep_one_scale() -> None:
    figure = ecg_figure(ecg(), blocks=some_blocks(), layout=Layout.FULL_LENGTH)
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (0, 8.0)
    assert max(float(color.rstrip(")").split(",")[-1]) for _, color in axis.colorscale) == MAX_ALPHA <= 0.45
    assert not any(trace.zsmooth for trace in traces(figure, "blocks"))


def test_leads_that_are_not_read_are_hatched_and_named() -> None:
    figure = ecg_figure(ecg(), blocks=some_blocks(unread=("III", "aVF")), layout=Layout.FULL_LENGTH)
    assert {trace.meta["unread"] for trace in traces(figure, "unread")} == {"III", "aVF"}
    assert not {"III", "aVF"} & {trace.meta["blocks"] for trace in traces(figure, "blocks")}
    assert texts(figure).count("not read") == 2
