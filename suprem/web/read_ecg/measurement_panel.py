"""Show the measurements of the ECG: values with units, reasons for missing ones, and the marked median beat."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from suprem.ecg.measurement.beside_device import MeasurementRow, beside_device
from suprem.ecg.measurement.measure import ST_SECONDS, UNCONFIRMED, Measurements, measure
from suprem.ecg.measurement.measured import in_digits
from suprem.ecg.measurement.normal_limits import ADULT_YEARS, Departure, outside_normal_limits
from suprem.ecg.record import EcgRecord
from suprem.web.frame import PLOT
from suprem.web.read_ecg.median_beat_figure import median_beat_figure


def show_measurements(record: EcgRecord) -> Measurements:
    """Measure the window that the page shows, show the result beside the device's own, and return it."""
    found = measure(record)
    st.subheader(f"Measurements – {UNCONFIRMED}", anchor=False)
    table, words = st.columns((3, 2), gap="large")
    table.html(measurement_table(beside_device(found, record.device, age=record.age, sex=record.sex)))
    words.html(measurement_words(found, record.age))
    figure = median_beat_figure(found)
    if figure is None:
        return found
    with st.expander("Median beat with its marks, ST levels and voltages"):
        st.plotly_chart(
            figure, theme=None, config=PLOT, key="median-beat", alt="Median beat of each lead, with P, QRS and T marked"
        )
        st.caption(
            f"{beats_used(found)} ST is measured {1000 * ST_SECONDS:g} ms after the J point, "
            "against the level just before QRS; R and S are the highest and lowest point of QRS, T the farthest of T."
        )
        st.html(lead_table(found, record.age, record.sex))
    return found


def measurement_table(rows: Sequence[MeasurementRow]) -> str:
    """Return the rows as an HTML table; the device's columns are there where the device measured anything."""
    theirs = any(row.device for row in rows)
    columns = ("", "Here", *(("Device", "Difference") if theirs else ()), "Adults", "")
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    return (
        f'<table class="differences measurements"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(_table_row(row, theirs=theirs) for row in rows)}</tbody></table>"
    )


def _table_row(row: MeasurementRow, *, theirs: bool) -> str:
    cells = ["" if row.own is None else str(row.own)]
    if theirs:
        unit = row.own.unit if row.own else ""
        change = "" if row.difference is None else f"{in_digits(row.difference, signed=True)} {unit}"
        cells += [row.device, f"{change} !" if row.notable else change]
    cells += [str(row.normal or ""), row.side]
    marks = " ".join(filter(None, ("outside" if row.side else "", "notable" if row.notable else "")))
    said = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{marks}"><th scope="row">{escape(row.name)}</th>{said}</tr>'


def measurement_words(found: Measurements, age: float | None) -> str:
    """Return rhythm, reasons for missing values, cautions and whom the ranges are of, as HTML; each stands once."""
    said: dict[str, list[str]] = {}
    for name, value in found.intervals.items():
        for sentence in filter(None, (value.reason, value.caution)):
            said.setdefault(sentence, []).append(name)
    sentences = "".join(
        f'<p class="finding">{escape(", ".join(names))}: {escape(sentence)}</p>' for sentence, names in said.items()
    )
    ranges = "Ranges are those of adults by sex; a difference of the device that matters is marked “!”."
    if age is not None and age < ADULT_YEARS:
        ranges = (
            f"Below {ADULT_YEARS} years the ranges of adults do not hold, so that none is shown and nothing marked."
        )
    elif age is None:
        ranges += " The age is not known."
    return (
        f'<p class="facts"><strong>Rhythm</strong> {escape(found.rhythm)}</p>{sentences}<p class="facts">{ranges}</p>'
    )


def beats_used(found: Measurements) -> str:
    """Return which beats the median was taken of, in a sentence."""
    left_out = found.early + found.other_shape
    text = f"Median of {found.used} of {found.beats} beats"
    return (
        f"{text}; left out as early {found.early}, as of another shape {found.other_shape}." if left_out else f"{text}."
    )


def _lead_cell(value: float, *, marked: bool) -> str:
    number = in_digits(value, 2, signed=True)
    return f'<td class="outside"><strong>{number} !</strong></td>' if marked else f"<td>{number}</td>"


def lead_table(found: Measurements, age: float | None = None, sex: str | None = None) -> str:
    """Return ST, R, S and T of each lead as an HTML table, abnormal ST marked, and why any of them is missing."""
    of_st = (Departure.ST_ELEVATION, Departure.ST_DEPRESSION)
    outside = {
        lead for one in outside_normal_limits(found, age=age, sex=sex) if one.departure in of_st for lead in one.leads
    }
    named = {"ST": found.st, "R": found.r, "S": found.s, "T": found.t}
    missing: dict[str, list[str]] = {}
    for name, values in named.items():
        for reason in dict.fromkeys(value.reason for value in values.values() if value.reason):
            missing.setdefault(reason, []).append(name)
    said = "".join(f'<p class="finding">{", ".join(names)}: {escape(reason)}</p>' for reason, names in missing.items())
    given = {
        name: values for name, values in named.items() if any(value.value is not None for value in values.values())
    }
    if not given:
        return said
    head = "".join(f'<th scope="col">{lead}</th>' for lead in found.st)
    rows = "".join(
        f'<tr><th scope="row">{name} (mV)</th>'
        + "".join(
            _lead_cell(value.value, marked=name == "ST" and lead in outside)
            for lead, value in values.items()
            if value.value is not None
        )
        + "</tr>"
        for name, values in given.items()
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>{said}"
