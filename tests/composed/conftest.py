"""Parts to compose of, taken out of synthetic ECGs whose truth is known, and what is measured of a composed ECG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.composed.parts import Complex, Parts, take_apart
from suprem.composed.strip import LEADS, TIME, Draw
from suprem.ecg.measurement.measure import Measurements, measure
from suprem.ecg.record import INDEPENDENT_LEADS, EcgRecord, complete_leads
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize


@pytest.fixture(scope="session")
def parts() -> Parts:
    """Beats of a normal heart, of both bundle branch blocks, and ventricular ectopic ones."""
    complexes: list[Complex] = []
    for seed in range(3):
        normal = SyntheticSpec(heart_rate=62 + 6 * seed, axis=30 + 15 * seed, noise=0.005, wander=0.0, seed=seed)
        complexes += take_apart(synthesize(normal), frozenset({"NORM", "SR"}), f"normal {seed}")
    for block, code in ((Conduction.RBBB, "CRBBB"), (Conduction.LBBB, "CLBBB")):
        spec = SyntheticSpec(conduction=block, noise=0.005, wander=0.0)
        complexes += take_apart(synthesize(spec), frozenset({code, "SR"}), code)
    ectopic = SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE, noise=0.005, wander=0.0)
    complexes += take_apart(synthesize(ectopic), frozenset({"PVC", "SR"}), "ectopic")
    return Parts.sorted(complexes)


@dataclass
class Listening(Draw):
    """A draw that remembers when it laid what: onsets of P and of QRS in seconds."""

    ps: list[float] = field(default_factory=list)
    qrs: list[tuple[float, Complex]] = field(default_factory=list)

    def lay_ventricles(self, strip, beat, times, **given):  # type: ignore[no-untyped-def]
        """Remember the onsets of QRS and the beat."""
        self.qrs += [(float(at), beat) for at in times]
        super().lay_ventricles(strip, beat, times, **given)

    def lay_atria(self, strip, beat, times, **given):  # type: ignore[no-untyped-def]
        """Remember the onsets of P."""
        self.ps += [float(at) for at in times]
        super().lay_atria(strip, beat, times, **given)


@pytest.fixture
def draws(parts: Parts) -> Callable[[int], Listening]:
    """Return the draw of a seed, on a baseline of faint noise."""

    def of_seed(seed: int) -> Listening:
        noise = np.random.default_rng(0).normal(scale=0.004, size=(LEADS, len(TIME))).astype(np.float32)
        return Listening(np.random.default_rng(seed), parts, [noise])

    return of_seed


@pytest.fixture(scope="session")
def measured() -> Callable[[NDArray[np.float32]], Measurements]:
    """Return the measurements of a composed signal (lead, time)."""

    def of(signal: NDArray[np.float32]) -> Measurements:
        record = EcgRecord(
            signal=signal.astype(np.float32), leads=INDEPENDENT_LEADS, fs=100.0, record_id="composed", source="test"
        )
        return measure(complete_leads(record))

    return of
