"""Changed beats are measured to have what their labels say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.composed.changed import CHANGED_RHYTHMS, changed_recording, exchanged_arms
from suprem.composed.changes import CHANGES_OF_THE_BEAT, occlusion
from suprem.composed.parts import Complex, Parts
from suprem.composed.strip import Draw, blank
from suprem.composed.truth import INHERITED, UNKNOWN, Composed
from suprem.ecg.measurement.measure import Measurements

Draws = Callable[[int], Any]
Measured = Callable[[NDArray[np.float32]], Measurements]


def recording(draw: Draw, beat: Complex) -> NDArray[np.float32]:
    """Return a strip of a beat at its own times."""
    strip = blank()
    draw.lay_ventricles(strip, beat, beat.beats)
    draw.lay_atria(strip, beat, beat.beats - beat.pr)
    return draw.with_baseline(strip)


@pytest.fixture
def changed(draws: Draws, parts: Parts) -> Callable[[str, int], tuple[NDArray[np.float32], Composed]]:
    """Return a recording and the same with a change, of a kind and a seed."""

    def of(kind: str, seed: int) -> tuple[NDArray[np.float32], Composed]:
        draw = draws(seed)
        beat = parts.narrow[seed % len(parts.narrow)]
        signal = recording(draw, beat)
        return signal, changed_recording(draw, beat, signal, kind)

    return of


def st(found: Measurements) -> dict[str, float]:
    """Return the measured levels of ST."""
    return {lead: level.value for lead, level in found.st.items() if level.value is not None}


def t(found: Measurements) -> dict[str, float]:
    """Return the measured heights of T."""
    return {lead: height.value for lead, height in found.t.items() if height.value is not None}


@pytest.mark.parametrize("seed", range(10))
def test_an_occlusion_elevates_its_own_leads(changed: Any, measured: Measured, seed: int) -> None:
    _, composed = changed("occlusion", seed)
    levels = st(measured(composed.signal))
    if not levels:
        pytest.skip("ST runs into QRS so that its level is not measured.")
    highest = max((lead for lead in levels if lead != "aVR"), key=levels.__getitem__)
    walls = {
        "STEMI:LAD": {"I", "aVL", "V1", "V2", "V3", "V4", "V5"},
        "STEMI:RCA": {"II", "III", "aVF", "V1"},
        "STEMI:LCX": {"I", "II", "III", "aVF", "aVL", "V5", "V6"},
    }
    for code, leads in walls.items():
        if composed.labels.get(code) == 1:
            assert composed.labels["STEMI"] == composed.labels["ACUTEMI"] == 1
            assert highest in leads
            assert levels[highest] > 0.07
    if composed.labels.get("LMCA") == 1:
        assert levels["aVR"] > 0.04
        assert min(levels.values()) < -0.05


def test_an_occlusion_reaches_its_criterion_also_where_it_is_least(draws: Draws, parts: Parts) -> None:
    for seed in range(60):
        beat = parts.narrow[0]
        change = occlusion(draws(seed), beat)
        j = beat.offset + 20
        assert np.abs(change.qrst[:, j]).max() > 0.05, change.present


def test_pericarditis_elevates_nearly_everywhere_but_not_avr(changed: Any, measured: Measured) -> None:
    for seed in range(4):
        before, composed = changed("pericarditis", seed)
        old, new = st(measured(before)), st(measured(composed.signal))
        assert composed.labels["PERI"] == 1
        assert composed.labels["STEMI"] in (0, 1)
        assert new["aVR"] < old["aVR"] - 0.02
        assert sum(new[lead] > old[lead] + 0.02 for lead in ("I", "II", "aVF", "V3", "V4", "V5", "V6")) >= 6


def test_potassium_moves_t_as_it_should(changed: Any, measured: Measured) -> None:
    for seed in range(4):
        before, high = changed("hyperkalemia", seed)
        old, new = t(measured(before)), t(measured(high.signal))
        assert high.labels["HYPERK"] == 1
        assert high.labels["HYPOK"] == 0
        assert not new or new["V4"] > old["V4"] + 0.05
        _, low = changed("hypokalemia", seed)
        flat = t(measured(low.signal))
        assert low.labels["HYPOK"] == 1
        assert low.labels["HYPERK"] == 0
        assert not flat or flat["V4"] < old["V4"]


def test_a_posterior_infarct_depresses_v2_and_v3(changed: Any, measured: Measured) -> None:
    for seed in range(4):
        before, composed = changed("posterior infarct", seed)
        old, new = st(measured(before)), st(measured(composed.signal))
        assert composed.labels["POSTMI"] == composed.labels["ACUTEMI"] == 1
        assert new["V2"] < old["V2"] - 0.02
        assert new["V3"] < old["V3"] - 0.02


def test_wellens_and_right_heart_strain_turn_t_over_in_v2_and_v3(changed: Any, measured: Measured) -> None:
    for kind, code in (("Wellens", "WELLENS"), ("right heart strain", "RVSTRAIN")):
        turned = []
        for seed in range(6):
            before, composed = changed(kind, seed)
            assert composed.labels[code] == 1
            assert composed.labels["NORM"] == 0
            old, new = t(measured(before)), t(measured(composed.signal))
            turned += [new["V2"] < old["V2"] - 0.1] if "V2" in new else []
        assert np.mean(turned) > 0.6


def test_what_a_change_leaves_open_is_unknown_and_its_rhythm_the_recordings(changed: Any) -> None:
    _, composed = changed("subendocardial ischemia", 1)
    assert composed.labels["NSTEMI"] == 1
    assert composed.label_of("ACUTEMI") == UNKNOWN
    assert composed.label_of("DIG") == UNKNOWN
    assert composed.label_of("SR") == INHERITED


def test_a_control_is_hardly_changed_and_keeps_the_labels_of_its_recording(changed: Any) -> None:
    before, composed = changed("control", 2)
    assert np.abs(composed.signal - before).max() < 0.12
    assert all(label == 0 for label in composed.labels.values())


@pytest.mark.parametrize("kind", sorted(CHANGES_OF_THE_BEAT))
def test_every_change_leaves_the_rhythm_alone(changed: Any, measured: Measured, kind: str) -> None:
    before, composed = changed(kind, 3)
    assert np.isfinite(composed.signal).all()
    rate = measured(composed.signal).heart_rate.value
    if rate is not None:
        assert rate == pytest.approx(measured(before).heart_rate.value, abs=3)


def test_exchanged_arms_turn_lead_i_over_and_leave_the_chest(draws: Draws, parts: Parts) -> None:
    draw, beat = draws(0), parts.narrow[0]
    signal = recording(draw, beat)
    composed = exchanged_arms(draw, beat, signal)
    np.testing.assert_allclose(composed.signal[0], -signal[0])
    np.testing.assert_allclose(composed.signal[1], signal[1] - signal[0], atol=1e-6)
    np.testing.assert_array_equal(composed.signal[2:], signal[2:])
    assert composed.labels["ARMREV"] == 1


def test_qt_and_voltage_are_measured_as_labelled(draws: Draws, measured: Measured) -> None:
    shorter, longer = (
        [measured(CHANGED_RHYTHMS[kind](draws(seed)).signal).qtc_fridericia.value for seed in range(5)]
        for kind in ("short QT", "long QT")
    )
    known = [[value for value in one if value is not None] for one in (shorter, longer)]
    assert known[0]
    assert known[1]
    assert max(known[0]) < 370
    assert min(known[1]) > 450
    low = CHANGED_RHYTHMS["low voltage"](draws(1)).signal
    assert np.ptp(low[:2], axis=1).max() < 0.55
