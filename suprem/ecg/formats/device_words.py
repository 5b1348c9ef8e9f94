"""What a recording device says about its own ECG, kept only where it cannot name a person.

A statement is free text: "Sinus rhythm" and "Confirmed by Dr. Smith, 01/02/2020" stand in the same element. A list of
names to remove would never be complete, so the rule is the other way round: a statement is kept when all its words are
words of ECG reading and its numbers are no dates, and is otherwise left out whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from suprem.ecg.formats.xml_tree import number

MAX_STATEMENTS = 12
MAX_LENGTH = 120
"""Characters of one statement."""

_ECG_WORDS = """
a aberrant aberrantly aberration abnormal abnormalities abnormality above accelerated acute additional af age all also
alternans alternate an and anterior anterolateral anteroseptal apical are arrest arrhythmia arrhythmias artefact
artifact as at atrial atrioventricular av avf avl avnrt avr avrt axis background baseline be beat beats below bi
biatrial bifascicular bigeminal bigeminy biventricular block blocked borderline both bpm brady bradycardia brugada
bundle cannot capture cardiac changes chest clinical clockwise compatible complete complex complexes conducted
conduction consider considered consistent controlled correlation counterclockwise couplet couplets criteria deep
defect degree delay delayed delta depression detected determined deviation diffuse digitalis dilatation disease
dissociation dominant downsloping dual due duration early ecg effect electrical electrode electrolyte electronic
elevated elevation enlargement entire escape evidence evolving excitation exclude excluded extensive extreme failure
fascicular fast fibrillation first flat flattened flutter frequent from fusion generalized global has heart hemiblock
high horizontal hyperacute hypertrophy hypothermia idiopathic idioventricular ii iii impulse in incomplete
indeterminate indicated infarct infarction infarcts inferior inferolateral inferoposterior inferoseptal insignificant
intermittent interval intervals intraatrial intraventricular inversion inverted is ischaemia ischemia isoelectric
isolated iv ivcd j jt junctional lad lae lafb large lateral lbbb lcx lead leads left leftward less likely limb limits
long loss low lower lpfb lv lvef lvh marked massive meets mi mid mild minimal minor mobitz moderate more morphology ms
msec multifocal multiform multiple mv myocardial myocarditis narrow negative new no nodal non nondiagnostic
nonspecific normal not notched now nstemi occasional of old on only or otherwise outside p pac paced pacemaker pacing
pacs paf paroxysmal partial pathologic pathological pattern pause pauses peaked pericarditis pjc placement poor
position positive possible possibly posterior pr precordial predominant preexcitation premature presence present
primary probable probably progression prolongation prolonged prominent pronounced pseudo psvt pulmonary pvc pvcs q qr
qrs qrsd qrst qs qt qtc r ra rad rae rapid rate rbbb rca recent reciprocal recommended regular repolarisation
repolarization response restrictive retrograde reversal review rhythm right rightward rr rs rsr rule run runs rv rvh s
sa salvos second secondary septal severe shallow short shortened significant similar since sinoatrial sinus slight
slightly slow slowing small specific st standard std ste stemi strain subendocardial subepicardial suggest suggested
suggestive suggests supraventricular suspect suspected svt t tachy tachycardia tall technically tented the third to
tracing transition transmural trifascicular trigeminal trigeminy triplet triplets type u unable uncertain unconfirmed
undetermined unifocal unknown unspecific unusual unusually upper upright upsloping v vent ventricular vertical very
voltage vt wandering wave waves wenckebach when wide widened with within without wpw
"""
_WORDS = frozenset(_ECG_WORDS.split())
_DATE_LIKE = re.compile(r"\d{4,}|\d+\s*[-/.:]\s*\d+\s*[-/.:]\s*\d+")
_LEAD = re.compile(r"av[rlf]|v[1-6]|i{1,3}|v\d?r?", re.IGNORECASE)
PLAUSIBLE = {
    "heart rate": (10, 350),
    "p duration": (20, 250),
    "pr interval": (40, 700),
    "qrs duration": (30, 400),
    "qt interval": (100, 900),
    "qtc interval": (150, 900),
    "rr interval": (150, 8000),
    "pp interval": (150, 8000),
    "axis": (-360, 360),
}
"""Ranges in ms, bpm or degrees, by how a measurement's name begins or ends, wide enough for any heart that beats."""

_UNITS = {"interval": "ms", "duration": "ms", "rate": "bpm", "axis": "deg"}


def keep_statements(texts: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """Return the statements that hold only words of ECG reading, each once, and how many others were left out."""
    kept: dict[str, None] = {}
    left_out = 0
    for text in texts:
        statement = " ".join(text.replace("*", " ").split())
        if not statement:
            continue
        if _is_of_ecg_words(statement) and len(kept) < MAX_STATEMENTS:
            kept.setdefault(statement)
        else:
            left_out += 1
    return tuple(kept), left_out


def left_out_note(count: int) -> list[str]:
    """Return what to say about statements that were left out, nothing where none was."""
    if not count:
        return []
    return [f"{count} statement(s) of the file were left out, because free text may name a person."]


def measurements(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return named measurements as text with their unit, leaving out what is no number or impossible.

    Args:
        values: Number as text by name, in ms, bpm or degrees as the last word of the name says.
    """
    kept = {}
    for name, text in values.items():
        value = number(text)
        unit = _UNITS[name.split(" (")[0].split()[-1].lower()]
        if value is None or (unit != "deg" and not 0 < value < 5000) or abs(value) > 5000:
            continue  # a device writes 0 where it could not measure
        kept[name] = in_words(name, value, unit)
    return kept


def in_words(name: str, value: float, unit: str) -> str:
    """Return a device's measurement in words, and that it is implausible where no heart has it."""
    known = next((limits for key, limits in PLAUSIBLE.items() if _is_of(key, name.lower())), None)
    strange = known is not None and unit != "s" and not known[0] <= value <= known[1]
    doubt = " (implausible)" if strange else ""
    return f"{value:g} {unit}".strip() + doubt


def _is_of(key: str, name: str) -> bool:
    return name.startswith(key) or name.endswith(f" {key}")


def _is_of_ecg_words(statement: str) -> bool:
    if len(statement) > MAX_LENGTH or _DATE_LIKE.search(statement):
        return False
    words = re.findall(r"[^\W\d_]+\d?", statement)
    known = all(
        word.lower() in _WORDS or word.lower().rstrip("0123456789") in _WORDS or _LEAD.fullmatch(word) for word in words
    )
    return bool(words) and known
