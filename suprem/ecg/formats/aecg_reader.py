"""HL7 Annotated ECG (aECG, ANSI/HL7 V3 ECG R1): sequences of digits with an origin and a scale, on a time base.

The rhythm is a `series`; a representative beat stands beside it as a `derivedSeries` and is left. Of all that the file
says about a trial and its subject, only age and sex are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import numpy as np

from suprem.ecg.formats.channels import Channel, millivolts_per, parse_age, parse_sex, to_record
from suprem.ecg.formats.device_words import keep_statements, left_out_note, measurements
from suprem.ecg.formats.in_turn import Stretch, recorded_in_turn
from suprem.ecg.formats.lead_names import canonical_lead, coded_lead
from suprem.ecg.formats.xml_tree import number, number_row, parse_xml, positive, text_of
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, EcgError, UnreadableEcg

_KIND = "HL7 aECG"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_AGE_UNITS = {"a": "y", "mo": "m", "wk": "w", "d": "d", "": "y"}
_REPORTED_AGE = "21612-7"  # LOINC
_MEASUREMENTS = {
    "Heart Rate": ("MDC_ECG_HEART_RATE",),
    "P Duration": ("MDC_ECG_TIME_PD_P",),
    "PR Interval": ("MDC_ECG_TIME_PD_PR",),
    "QRS Duration": ("MDC_ECG_TIME_PD_QRS",),
    "QT Interval": ("MDC_ECG_TIME_PD_QT",),
    "QTc Interval": ("MDC_ECG_TIME_PD_QTC",),
    "QTc Interval (Hodges)": ("MINDRAY_ECG_TIME_PD_QTCH",),
    "P Axis": ("MDC_ECG_ANGLE_P_FRONT", "MINDRAY_ECG_P_AXIS"),
    "QRS Axis": ("MDC_ECG_ANGLE_QRS_FRONT", "MINDRAY_ECG_QRS_AXIS"),
    "T Axis": ("MDC_ECG_ANGLE_T_FRONT", "MINDRAY_ECG_T_AXIS"),
}


def read_aecg(data: bytes, record_id: str) -> EcgRecord:
    """Read the longest rhythm of an aECG, with leads that were recorded in turn where they belong.

    Raises:
        UnreadableEcg: The file is damaged or holds no rhythm of standard leads.
        BadSamplingRate: It states no time base.
        EcgError: Its leads or units cannot be used.
    """
    root = parse_xml(data, _KIND)
    series = list(root.iter("series"))
    rhythms = [one for one in series if _code(one) == "RHYTHM"] or [
        one for one in series if "BEAT" not in _code(one) and "MEDIAN" not in _code(one)
    ]
    places = [place for one in rhythms for place in one.iter("sequenceSet")]
    sets = [one for place in places if (one := _sequence_set(place)) is not None]
    if not sets:
        raise UnreadableEcg(
            f"The {_KIND} file holds no rhythm with lead sequences; expected a series RHYTHM. Export the ECG with it."
        )
    channels, used = recorded_in_turn(sets)
    notes = []
    if used < len(sets):
        which = "The longest" if used == 1 else "The rhythm"
        notes.append(f"{which} of the file's {len(sets)} sets of sequences was read.")
    statements, left_out = keep_statements(_statements(root))
    return to_record(
        channels,
        fs=max(sets, key=lambda one: one.seconds).fs,
        record_id=record_id,
        source=_KIND,
        notes=notes + left_out_note(left_out),
        age=_age(root),
        sex=_sex(root),
        device=_measurements(root),
        device_statements=statements,
    )


def _code(element: Element) -> str:
    code = element.find("code")
    return (code.get("code") or "").strip() if code is not None else ""


def _lead(sequence: Element) -> tuple[str, int] | None:
    """Return the lead and its sign by name or number of its code, or by what that is displayed as."""
    code = sequence.find("code")
    names = [(code.get(key) or "").strip() for key in ("code", "displayName")] if code is not None else []
    return next((lead for name in names if (lead := canonical_lead(name) or coded_lead("MDC", name))), None)


def _sequence_set(place: Element) -> Stretch | None:
    """Return a set of lead sequences with its clock, None where it holds no standard lead."""
    clock, leads = None, []
    for sequence in place.iter("sequence"):
        if _code(sequence).upper().startswith("TIME"):
            clock = sequence if clock is None else clock
        elif sequence.find("value/digits") is not None:
            leads.append(sequence)
    named = [sequence for sequence in leads if _lead(sequence)]
    if not named:
        return None
    increment = clock.find("value/increment") if clock is not None else None
    step = positive(increment.get("value")) if increment is not None else None
    unit = (increment.get("unit") or "s").strip() if increment is not None else ""
    if step is None or unit not in _SECONDS or not 1 <= 1 / (step * _SECONDS[unit]) <= 100_000:
        raise BadSamplingRate(f"The {_KIND} file states no usable time between samples (increment); export it again.")
    head = clock.find("value/head") if clock is not None else None
    return Stretch(tuple(map(_channel, leads)), _start(head), round(1 / (step * _SECONDS[unit]), 6))


def _start(head: Element | None) -> float:
    """Return when a clock begins, in seconds: of a time of day, or of a number with a unit."""
    value = (head.get("value") or "").strip() if head is not None else ""
    stamp = re.match(r"(\d{8})(\d\d)(\d\d)(\d\d(?:\.\d{1,6})?)", value)
    if stamp:
        days = int(stamp[1][6:])  # two parts of one recording lie at most a midnight apart
        return 86_400.0 * days + 3600.0 * int(stamp[2]) + 60.0 * int(stamp[3]) + float(stamp[4])
    unit = (head.get("unit") or "s").strip() if head is not None else ""
    return (number(value) or 0.0) * _SECONDS.get(unit, 1.0)


def _channel(sequence: Element) -> Channel:
    """Return origin + scale * digit as millivolts."""
    lead = _lead(sequence)
    if lead is None:  # left out and counted later, whatever it holds
        return Channel("", np.empty(0), "mV")
    origin, scale = sequence.find("value/origin"), sequence.find("value/scale")
    step = number(scale.get("value")) if scale is not None else None
    if scale is None or not step:
        raise UnreadableEcg(f"A lead of the {_KIND} file states no scale; its amplitude cannot be known.")
    millivolts = number_row(text_of(sequence, "value/digits"), _KIND) * (step * _millivolts(scale))
    if origin is not None and (offset := number(origin.get("value"))):
        millivolts += offset * _millivolts(origin, scale)
    return Channel("", millivolts, "mV", lead)


def _millivolts(*quantities: Element) -> float:
    """Return how many millivolts the unit of the first quantity that has one is."""
    unit = next((unit for quantity in quantities if (unit := (quantity.get("unit") or "").strip())), "")
    scale = millivolts_per(unit)
    if scale is None:
        raise EcgError(f"A lead of the {_KIND} file is not given in a voltage; expected uV, mV, nV or V.")
    return scale


def _age(root: Element) -> float | None:
    for observation in root.iter("relatedObservation"):
        value = observation.find("value")
        if _code(observation) == _REPORTED_AGE and value is not None:
            unit = _AGE_UNITS.get((value.get("unit") or "").strip())
            return parse_age(f"{value.get('value') or ''}{unit}") if unit else None
    return parse_age(text_of(root, ".//subjectDemographicPerson/Age"))


def _sex(root: Element) -> str | None:
    found = root.find(".//subjectDemographicPerson/administrativeGenderCode")
    return parse_sex(found.get("code") or "") if found is not None else None


def _measurements(root: Element) -> dict[str, str]:
    """Return the device's measurements: of the representative beat where it has any, else the first of the rhythm."""
    stated: dict[str, str] = {}
    for place in [*root.iter("derivedSeries"), *root.iter("series")]:
        for annotation in place.iter("annotation"):
            value = annotation.find("value")
            if value is not None and (quantity := number(value.get("value"))):
                in_ms = 1000.0 if value.get("unit") == "s" else 1.0
                stated.setdefault(_code(annotation).upper(), f"{quantity * in_ms:g}")
    return measurements(
        {name: next((stated[code] for code in codes if code in stated), None) for name, codes in _MEASUREMENTS.items()}
    )


def _statements(root: Element) -> Iterator[str]:
    for annotation in root.iter("annotation"):
        if _code(annotation).upper() == "MDC_ECG_INTERPRETATION_STATEMENT":
            yield text_of(annotation, "value")
