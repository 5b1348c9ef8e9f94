"""How often what is composed, and composing any number of ECGs from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from suprem.composed import atrial, rhythms, ventricular
from suprem.composed.changed import CHANGED_RHYTHMS, changed_recording, exchanged_arms
from suprem.composed.changes import CHANGES_OF_THE_BEAT
from suprem.composed.parts import Complex, Parts
from suprem.composed.strip import Draw, baseline_of
from suprem.composed.truth import Composed

MOST_BASELINES = 1500

RHYTHMS: dict[str, tuple[float, Callable[[Draw], Composed]]] = {
    "sinus rhythm": (12, rhythms.sinus_rhythm),
    "first degree AV block": (5, rhythms.first_degree_block),
    "sinus arrhythmia": (2, rhythms.sinus_arrhythmia),
    "sinus pause": (2, rhythms.sinus_pause),
    "Mobitz I": (5, rhythms.mobitz_one),
    "Mobitz II": (3, rhythms.mobitz_two),
    "2:1 AV block": (5, rhythms.two_to_one_block),
    "high grade AV block": (1, rhythms.high_grade_block),
    "complete AV block": (6, rhythms.complete_block),
    "junctional rhythm": (7, rhythms.junctional_rhythm),
    "supraventricular tachycardia": (5, atrial.supraventricular_tachycardia),
    "atrial tachycardia": (4, atrial.atrial_tachycardia),
    "multifocal atrial rhythm": (2, atrial.multifocal_atrial_rhythm),
    "atrial flutter": (11, atrial.atrial_flutter),
    "atrial fibrillation": (4, atrial.atrial_fibrillation),
    "atrial premature complexes": (8, atrial.atrial_premature),
    "ventricular premature complexes": (7, ventricular.ventricular_premature),
    "ventricular tachycardia": (6, ventricular.ventricular_tachycardia),
    "idioventricular rhythm": (4, ventricular.idioventricular_rhythm),
    "pacing": (7, ventricular.paced_rhythm),
    "pre-excitation": (3, ventricular.preexcitation),
    "severe hyperkalemia": (4, CHANGED_RHYTHMS["severe hyperkalemia"]),
    "short QT": (1, CHANGED_RHYTHMS["short QT"]),
    "long QT": (1, CHANGED_RHYTHMS["long QT"]),
    "low voltage": (1, CHANGED_RHYTHMS["low voltage"]),
}
"""Name -> parts of the mixture, and what composes it."""

CHANGES: dict[str, float] = {
    "occlusion": 13,
    "subendocardial ischemia": 4,
    "posterior infarct": 3,
    "Wellens": 2,
    "de Winter": 2,
    "pericarditis": 7,
    "hypokalemia": 7,
    "hyperkalemia": 5,
    "digitalis": 2,
    "Brugada": 2,
    "right heart strain": 4,
    "Osborn": 1,
    "alternans": 1,
    "control": 9,
    "exchanged arms": 1,
}
"""Changes of real recordings -> parts of the mixture."""

KINDS = (*RHYTHMS, *CHANGES)
_SHARES = np.array([*(share for share, _ in RHYTHMS.values()), *CHANGES.values()], float)


def baselines_of(
    parts: Parts, signal_of: Callable[[str], NDArray[np.float32]], seed: int, most: int = MOST_BASELINES
) -> list[NDArray[np.float32]]:
    """Return what is left of real recordings (lead, time) without their beats.

    Args:
        parts: Whose regular beats are taken out.
        signal_of: Record id -> the recording (lead, time) at 100 Hz.
        seed: Of the noise under QRS.
        most: So many at most.
    """
    random = np.random.default_rng((seed, 0))
    found = []
    for beat in parts.narrow[:most]:
        left = baseline_of(signal_of(beat.record_id), beat, random)
        if left is not None:
            found.append(left)
    return found


def compose(
    parts: Parts,
    signal_of: Callable[[str], NDArray[np.float32]],
    baselines: Sequence[NDArray[np.float32]],
    numbers: Sequence[int],
    seed: int,
    kinds: Mapping[str, float] | None = None,
) -> Iterator[Composed]:
    """Compose ECGs; each depends on seed and number alone.

    Args:
        parts: What they are composed of.
        signal_of: Record id -> the recording (lead, time) at 100 Hz.
        baselines: From `baselines_of`.
        numbers: Which ECGs of the seed.
        seed: Of all draws.
        kinds: Kind -> parts of the mixture, where it is not the recipe's own.
    """
    names = tuple(kinds) if kinds else KINDS
    shares = np.array(list(kinds.values()), float) if kinds else _SHARES
    bases = [beat for beat in parts.narrow if len(beat.beats)]
    normal = [beat for beat in bases if "NORM" in beat.codes] or bases
    for number in numbers:
        draw = Draw(np.random.default_rng((seed, 1, number)), parts, baselines)
        kind = names[int(draw.random.choice(len(names), p=shares / shares.sum()))]
        yield _one(draw, kind, signal_of, normal if draw.chance(0.7) else bases)


def _one(draw: Draw, kind: str, signal_of: Callable[[str], NDArray[np.float32]], bases: Sequence[Complex]) -> Composed:
    if kind in RHYTHMS:
        return RHYTHMS[kind][1](draw)
    beat = draw.one_of(bases)
    if kind in CHANGES_OF_THE_BEAT:
        return changed_recording(draw, beat, signal_of(beat.record_id), kind)
    return exchanged_arms(draw, beat, signal_of(beat.record_id))
