"""The panel says each value with its unit or why it is missing; the marks lie where the intervals were measured."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from suprem.ecg.measurement.measure import measure
from suprem.ecg.synthetic import Rhythm, SyntheticSpec, synthesize
from suprem.web.read_ecg.measurement_panel import beats_used, lead_table, measurement_list
from suprem.web.read_ecg.median_beat_figure import median_beat_figure


def test_values_carry_units_and_missing_ones_their_reason() -> None:
    html = measurement_list(measure(synthesize(SyntheticSpec(rhythm=Rhythm.FIBRILLATION, heart_rate=90, seed=3))))
    assert "<strong>PR</strong> –" in html
    assert "PR: No P wave" in html
    assert " ms" in html
    assert "/min" in html


def test_marks_enclose_the_intervals_on_paper() -> None:
    found = measure(synthesize(SyntheticSpec()))
    figure = median_beat_figure(found)
    assert figure is not None
    assert len(figure.data) == 12
    first = sorted(shape.x0 for shape in figure.layout.shapes[:5])
    p, p_end, on, end, t = (1000 * x / 25 for x in first)
    assert p_end - p == pytest.approx(found.p.value)
    assert on - p == pytest.approx(found.pr.value)
    assert end - on == pytest.approx(found.qrs.value)
    assert t - on == pytest.approx(found.qt.value)


def test_suppressed_values_have_no_marks() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.PACED)))
    figure = median_beat_figure(found)
    assert figure is not None
    assert not figure.layout.shapes
    assert "Pacing" in lead_table(found)


def test_beats_left_out_are_counted() -> None:
    text = beats_used(measure(synthesize(SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE))))
    assert "left out" in text


def _page(shape: str) -> None:
    from suprem.ecg.synthetic import Rhythm, SyntheticSpec, synthesize
    from suprem.web.read_ecg.measurement_panel import show_measurements

    show_measurements(synthesize(SyntheticSpec(rhythm=Rhythm(shape))))


@pytest.mark.parametrize("rhythm", list(Rhythm))
def test_the_panel_says_that_nobody_confirmed_it(rhythm: Rhythm) -> None:
    app = AppTest.from_function(_page, args=(rhythm.value,), default_timeout=30).run()
    assert not app.exception
    assert "automatic, unconfirmed" in app.subheader[0].value
    assert len(app.get("plotly_chart")) == 1
