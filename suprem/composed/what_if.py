"""What would this ECG look like with a condition? A what-if edit that adds to each beat what textbooks say it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from suprem.composed import changes
from suprem.composed.changed import lay_change
from suprem.composed.parts import Complex, Parts, take_apart
from suprem.composed.strip import Draw
from suprem.ecg.record import INDEPENDENT_LEADS, LIMB_FROM_I_AND_II, EcgRecord
from suprem.errors import EcgError

CONDITIONS: Mapping[str, Callable[[Draw, Complex], changes.Change]] = {
    "Occlusion of the LAD": partial(changes.occlusion, artery="STEMI:LAD"),
    "Occlusion of the right coronary artery": partial(changes.occlusion, artery="STEMI:RCA"),
    "Occlusion of the circumflex artery": partial(changes.occlusion, artery="STEMI:LCX"),
    "Occlusion of the left main artery": partial(changes.occlusion, artery="LMCA"),
    "Posterior infarct": changes.posterior_infarct,
    "Subendocardial ischemia": changes.subendocardial,
    "Wellens pattern": changes.wellens,
    "De Winter pattern": changes.de_winter,
    "Pericarditis": changes.pericarditis,
    "Hyperkalemia": changes.hyperkalemia,
    "Hypokalemia": changes.hypokalemia,
    "Digitalis effect": changes.digitalis,
    "Brugada pattern": changes.brugada,
    "Right heart strain": changes.right_heart_strain,
    "Osborn waves": changes.osborn,
    "Electrical alternans": changes.alternans,
}
"""Name for people -> what draws its changes of a beat (see `suprem.composed.changes` for ranges and sources)."""

MOST_VARIANTS = 99
_NO_PARTS = Parts((), (), (), ())


@dataclass(frozen=True)
class ConditionEdit:
    """A condition added to every beat of a recording, by its textbook criteria.

    Args:
        condition: A key of `CONDITIONS`.
        variant: Which of the drawn examples, from 1 on; the same gives the same.

    Raises:
        EcgError: The condition or the variant is none of these.
    """

    condition: str
    variant: int = 1

    def __post_init__(self) -> None:
        if self.condition not in CONDITIONS:
            raise EcgError(f"“{self.condition}” is no condition to add; choose one of {', '.join(CONDITIONS)}.")
        if not 1 <= self.variant <= MOST_VARIANTS:
            raise EcgError(f"The variant is {self.variant}; expected 1 to {MOST_VARIANTS}.")

    def __str__(self) -> str:
        return f"{self.condition} added to each beat as textbooks describe it, variant {self.variant}"

    def applied_to(self, record: EcgRecord, number: int) -> EcgRecord:
        """Return a copy of the record with the condition, as `RecordEdit` says.

        Raises:
            EcgError: Not all independent leads are there, or no usual beat with an end of T is found in them.
        """
        missing = [lead for lead in INDEPENDENT_LEADS if lead not in record.leads]
        if missing:
            raise EcgError(f"A condition is added to twelve leads; {', '.join(missing)} is missing in this recording.")
        found = [one for one in take_apart(record, frozenset(), record.record_id) if not one.ectopic]
        if not found:
            raise EcgError(
                "No usual beat with a clear end of T was found in this recording, so nothing can be added to its "
                "beats. Choose a cleaner stretch."
            )
        beat = found[0]
        # Seeded by the variant alone, so that undoing another edit leaves this one as it was.
        draw = Draw(np.random.default_rng((self.variant, list(CONDITIONS).index(self.condition))), _NO_PARTS, ())
        change = CONDITIONS[self.condition](draw, beat)
        added = np.zeros((len(INDEPENDENT_LEADS), record.signal.shape[1]))
        time = np.arange(record.signal.shape[1]) / record.fs
        rows = [record.leads.index(lead) for lead in INDEPENDENT_LEADS]
        for count, onset in enumerate(beat.beats):
            lay_change(added, change, beat, float(onset), odd=bool(count % 2), time=time)
        signal = record.signal.copy()
        signal[rows] += added.astype(np.float32)
        for lead, (of_one, of_two) in LIMB_FROM_I_AND_II.items():
            if lead in record.leads and lead not in INDEPENDENT_LEADS:
                signal[record.leads.index(lead)] += (of_one * added[0] + of_two * added[1]).astype(np.float32)
        return replace(record, signal=signal)
