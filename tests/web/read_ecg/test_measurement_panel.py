"""The panel says each value with its unit or why it is missing; the marks lie where the intervals were measured."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from suprem.ecg.examples import example_titles, load_example
from suprem.ecg.measurement.beside_device import beside_device
from suprem.ecg.measurement.measure import measure
from suprem.ecg.synthetic import Rhythm, SyntheticSpec, synthesize
from suprem.web.read_ecg.measurement_panel import beats_used, lead_table, measurement_table, measurement_words
from suprem.web.read_ecg.median_beat_figure import median_beat_figure


def test_values_carry_units_and_missing_ones_their_reason() -> None:
    found = measure(synthesize(SyntheticSpec(rhythm=Rhythm.FIBRILLATION, heart_rate=90, seed=3)))
    html = measurement_table(beside_device(found, {}))
    assert '<th scope="row">PR</th><td>–</td>' in html
    assert " ms" in html
    assert "/min" in html
    assert "Device" not in html
    assert "PR, P axis: No P wave" in measurement_words(found, 50.0).replace("P, PR", "PR")


def test_the_device_stands_beside_and_a_difference_that_matters_is_marked() -> None:
    found = measure(synthesize(SyntheticSpec()))
    html = measurement_table(
        beside_device(found, {"QRS Duration": "140 ms", "QT Interval": f"{found.qt.value:.0f} ms"})
    )
    assert '<tr class="notable"><th scope="row">QRS</th>' in html
    assert "<td>140 ms</td>" in html
    assert "0 ms !" not in html


def test_a_child_is_held_against_no_range() -> None:
    found = measure(synthesize(SyntheticSpec(heart_rate=130)))
    assert 'class="outside"' in measurement_table(beside_device(found, {}))
    assert 'class="outside"' not in measurement_table(beside_device(found, {}, age=4))
    assert "ranges of adults do not hold" in measurement_words(found, 4)


def test_raised_st_is_marked_in_its_leads_and_nothing_is_minus_zero() -> None:
    table = lead_table(measure(load_example(next(title for title in example_titles() if "ST elevation" in title))))
    assert table.count("<strong>") >= 3
    assert "-0.00" not in table
    assert "<strong>" not in lead_table(measure(synthesize(SyntheticSpec())))


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
