"""Lead names in every spelling that files use, brought to the twelve names of `LEADS`."""

from __future__ import annotations

import re

from suprem.ecg.record import LEADS

_CANONICAL: dict[str, str] = {
    **{name.upper(): name for name in LEADS},
    **{f"C{number}": f"V{number}" for number in range(1, 7)},
    **{f"D{roman}": roman for roman in ("I", "II", "III")},
    **{f"D{number}": roman for number, roman in enumerate(("I", "II", "III"), start=1)},
    **{f"ML{roman}": roman for roman in ("I", "II", "III")},
    **{f"L{roman}": roman for roman in ("I", "II", "III")},
    **{f"VC{number}": f"V{number}" for number in range(1, 7)},
    **{f"V0{number}": f"V{number}" for number in range(1, 7)},
    **{"LA-RA": "I", "LL-RA": "II", "LL-LA": "III"},
}

# DICOM CID 3001 (MDC, "2:62") and its predecessor (SCPECG, "5.6.3-9-62") share the lead numbers of SCP-ECG; 65 is -aVR.
_LEAD_NUMBERS: dict[int, tuple[str, int]] = {
    1: ("I", 1),
    2: ("II", 1),
    **{2 + number: (f"V{number}", 1) for number in range(1, 7)},
    61: ("III", 1),
    62: ("aVR", 1),
    63: ("aVL", 1),
    64: ("aVF", 1),
    65: ("aVR", -1),
}

_MDC_ECG_PARTITION = 2 << 16
"""ISO/IEEE 11073-10101 writes a code as one number, or as partition and number."""

_MAX_NAME = 80
"""Characters, of names in files as they come."""

# A hyphen that touches the word or stands between blanks separates: "ECG-aVR", "Lead - I". "Lead -aVR" is turned.
_WRAPPING = re.compile(
    r"^(?:(?:MDC[_ ]?ECG[_ ]?LEAD|LEAD|ECG|EKG|ABLEITUNG|CHANNEL|EINTHOVEN|GOLDBERGER|WILSON)(?:-+|\s+-+\s+|[\s_:]*))+",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"\s*(\(.*\)|\[.*\]|,.*|[\s_]+LEAD|[\s_-]+(?:REF|RAW))$", re.IGNORECASE)
_TURNED = re.compile(r"\b(?:inv(?:erted)?|neg(?:ative)?)\b|[(\[]\s*-\s*[)\]]", re.IGNORECASE)


def canonical_lead(name: str) -> tuple[str, int] | None:
    """Return the lead a channel name means and the sign to multiply with, or None where it means no standard lead.

    Understands "Lead I", "AVR", "DI", "D1", "MLII", "C1", "MDC_ECG_LEAD_AVR", "ECG V1", "aVF, augmented voltage, foot"
    and the inverted aVR of the Cabrera order ("-aVR", "aVRneg"), whose sign is -1.
    """
    if len(name) > _MAX_NAME:  # no lead's name is so long; what follows would take long to look through
        return None
    plain = " ".join(name.split()).strip("'\" ")
    if re.fullmatch(r"(?:LEAD|L|ABLEITUNG)[ _.-]?[123]", plain, re.IGNORECASE):
        return ("I", "II", "III")[int(plain[-1]) - 1], 1
    whole = _WRAPPING.sub("", plain)
    text = _TRAILING.sub("", _TURNED.sub("", whole)).strip()
    sign = -1 if _TURNED.search(whole) else 1
    if text[:1] in ("-", "\N{MINUS SIGN}", "\N{EN DASH}"):
        text, sign = text[1:].strip(), -1
    compact = re.sub(r"[\s_.]", "", text).upper()
    compact = re.sub(r"^([VCD])-(?=[\dI])", r"\1", compact)
    if compact in ("AVRNEG", "NEGAVR", "INVAVR", "AVR-"):
        compact, sign = "AVR", -1
    lead = _CANONICAL.get(compact)
    if lead is None or (sign < 0 and lead != "aVR"):
        return None
    return lead, sign


def coded_lead(scheme: str, code: str) -> tuple[str, int] | None:
    """Return lead and sign of a channel source code, or None where the code means no standard lead.

    Args:
        scheme: As DICOM's Coding Scheme Designator, "MDC" or "SCPECG".
        code: Code Value, for example "2:62", "131134" (the same in one number) or "5.6.3-9-62", all of them aVR.
    """
    if scheme == "MDC" and re.fullmatch(r"13\d{4}", code):
        return _LEAD_NUMBERS.get(int(code) - _MDC_ECG_PARTITION)
    match = {"MDC": re.fullmatch(r"2:(\d+)", code), "SCPECG": re.fullmatch(r"5\.6\.3-9-(\d+)", code)}.get(scheme)
    return _LEAD_NUMBERS.get(int(match[1])) if match else None
