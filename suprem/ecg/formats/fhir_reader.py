"""FHIR (R4, R5; JSON or XML): `Observation` with one `SampledData` a lead, alone or in a `Bundle`.

A value is origin + factor * datum. Subject, performer and times of the observations are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.formats.channels import check_sample_count
from suprem.ecg.formats.lead_names import canonical_lead, coded_lead
from suprem.ecg.formats.table import Table, TableFormat, read_table
from suprem.ecg.formats.xml_tree import number, parse_xml, positive
from suprem.ecg.record import EcgRecord
from suprem.errors import BadSamplingRate, UnreadableEcg

_KIND = "FHIR"
_MAX_RESOURCES = 1000
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_POTENTIAL = 256
"""What ISO/IEEE 11073-10101 adds to a lead's number for the potential measured at it."""
_NO_VALUE = {"E": "nan", "U": "nan", "L": "nan"}
"""Error, above and below the detection limit: what the standard lets stand for a number."""

Json = Mapping[str, Any]


def is_fhir(head: bytes) -> bool:
    """Tell from its beginning whether a file is a FHIR observation or a bundle, in JSON or XML."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"{"):
        return re.search(rb'"resourceType"\s*:\s*"(Observation|Bundle)"', head) is not None
    return b"http://hl7.org/fhir" in head and re.search(rb"<(Observation|Bundle)[\s>]", head) is not None


def read_fhir(data: bytes, given: TableFormat | None, record_id: str) -> EcgRecord:
    """Read the leads of one ECG out of an observation, or out of a bundle of one observation a lead.

    Args:
        data: The file, JSON or XML.
        given: The unit, where `origin` states none.
        record_id: The record's name in the product.

    Raises:
        UnreadableEcg: The file is damaged, or holds no sampled data of standard leads.
        BadSamplingRate: The leads state no common period.
        EcgError: Unit or leads cannot be used.
    """
    found: dict[str, tuple[float, str, NDArray[np.float64]]] = {}
    repeated = 0
    for place, sampled in _sampled(_resources(data)):
        name = _lead(place)
        if name in found:
            repeated += 1
        elif name:
            found[name] = (_period(sampled), _unit(sampled), _values(sampled))
    if not found:
        raise UnreadableEcg(
            f"The {_KIND} file holds no SampledData of a standard lead; expected an Observation with one component a "
            "lead. Export the ECG with its waveform."
        )
    periods = {period for period, _, _ in found.values()}
    lengths = {values.size for _, _, values in found.values()}
    if len(periods) > 1:
        raise BadSamplingRate(f"The leads of the {_KIND} file differ in their period; export them at one rate.")
    if len(lengths) > 1:
        raise UnreadableEcg(f"The leads of the {_KIND} file differ in length; expected one length for all of them.")
    units = tuple(unit for _, unit, _ in found.values())
    table = Table(
        np.stack([values for _, _, values in found.values()]),
        _KIND,
        tuple(found),
        units if all(units) else None,
        round(1 / periods.pop(), 6),
    )
    return read_table(table, given, record_id)


def _resources(data: bytes) -> Sequence[Json]:
    """Return the file's observations as JSON objects."""
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        root = parse_xml(data, f"{_KIND} XML")
        return [_as_json(one) for one in root.iter("Observation")][:_MAX_RESOURCES]
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise UnreadableEcg(f"The {_KIND} file is damaged or cut off; expected whole JSON. Export it again.") from None
    entries = [content, *(entry.get("resource") for entry in _objects(content, "entry"))]
    return [one for one in entries if isinstance(one, dict) and one.get("resourceType") == "Observation"][
        :_MAX_RESOURCES
    ]


def _as_json(element: Element) -> dict[str, Any]:
    """Return an element of FHIR's XML as its JSON has it, every child as a list."""
    found: dict[str, Any] = {}
    for child in element:
        found.setdefault(child.tag, []).append(child.get("value") if not len(child) else _as_json(child))
    return found


def _sampled(resources: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    for resource in resources:
        for place in (resource, *_objects(resource, "component")):
            for sampled in _objects(place, "valueSampledData"):
                yield place, sampled


def _objects(place: object, name: str) -> Sequence[Json]:
    """Return the objects under a name, which holds one or a list of them."""
    value = place.get(name) if isinstance(place, dict) else None
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _text(place: Json, name: str) -> str:
    value = place.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _lead(place: Json) -> str | None:
    """Return the lead that the code of an observation or component means."""
    for code in _objects(place, "code"):
        for coding in [*_objects(code, "coding"), code]:
            for name in ("code", "display", "text"):
                text = re.sub(r"^MDC_ECG_ELEC_POTL_", "", _text(coding, name), flags=re.IGNORECASE)
                if re.fullmatch(r"13\d{4}", text) and int(text) % 65536 > _POTENTIAL:
                    text = str(int(text) - _POTENTIAL)
                lead = canonical_lead(text) or coded_lead("MDC", text)
                if lead:
                    return f"-{lead[0]}" if lead[1] < 0 else lead[0]
    return None


def _period(sampled: Json) -> float:
    """Return the seconds between samples: `period` in milliseconds (R4), or `interval` of a unit (R5)."""
    period, interval = positive(_text(sampled, "period")), positive(_text(sampled, "interval"))
    unit = _SECONDS.get(_text(sampled, "intervalUnit"))
    seconds = period * 1e-3 if period else interval * unit if interval and unit else 0.0
    if not 1e-5 <= seconds <= 1:
        raise BadSamplingRate(f"A lead of the {_KIND} file states no usable period; export it again.")
    return seconds


def _unit(sampled: Json) -> str:
    origin = next(iter(_objects(sampled, "origin")), {})
    return (_text(origin, "code") or _text(origin, "unit")).replace("u[V]", "uV").replace("m[V]", "mV")


def _values(sampled: Json) -> NDArray[np.float64]:
    if _text(sampled, "dimensions") not in ("", "1"):
        raise UnreadableEcg(
            f"A SampledData of the {_KIND} file holds several values a time; expected one component a lead."
        )
    tokens = [_NO_VALUE.get(token, token) for token in _text(sampled, "data").split()]
    check_sample_count(1, len(tokens))
    factor, origin = _text(sampled, "factor"), next(iter(_objects(sampled, "origin")), {})
    scale, zero = number(factor or "1"), number(_text(origin, "value") or "0")
    try:
        values = np.array(tokens, dtype=np.float64)
    except ValueError:
        values = np.empty(0)
    if not values.size or not scale or zero is None:
        raise UnreadableEcg(f"A lead of the {_KIND} file holds no numbers, or no usable factor. Export it again.")
    return zero + scale * values
