"""Show the measurements of the ECG: values with units, reasons for missing ones, and the marked median beat."""

from __future__ import annotations

from html import escape

import streamlit as st

from suprem.ecg.measurement.measure import ST_SECONDS, UNCONFIRMED, Measurements, measure
from suprem.ecg.record import EcgRecord
from suprem.web.frame import PLOT
from suprem.web.read_ecg.median_beat_figure import median_beat_figure


def show_measurements(record: EcgRecord) -> Measurements:
    """Measure the window that the page shows, show the result and return it."""
    found = measure(record)
    st.subheader(f"Measurements – {UNCONFIRMED}", anchor=False)
    st.html(measurement_list(found))
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
        st.html(lead_table(found))
    return found


def measurement_list(found: Measurements) -> str:
    """Return the values as HTML; a missing one is a dash with its reason, and each reason and caution stands once."""
    cells = [f"<strong>Rhythm</strong> {escape(found.rhythm)}"]
    said: dict[str, list[str]] = {}
    for name, value in found.intervals.items():
        cells.append(f"<strong>{escape(name)}</strong> {value}")
        for sentence in filter(None, (value.reason, value.caution)):
            said.setdefault(sentence, []).append(name)
    sentences = "".join(
        f'<p class="finding">{escape(", ".join(names))}: {escape(sentence)}</p>' for sentence, names in said.items()
    )
    return f'<p class="facts">{" &nbsp; ".join(cells)}</p>{sentences}'


def beats_used(found: Measurements) -> str:
    """Return which beats the median was taken of, in a sentence."""
    left_out = found.early + found.other_shape
    text = f"Median of {found.used} of {found.beats} beats"
    return (
        f"{text}; left out as early {found.early}, as of another shape {found.other_shape}." if left_out else f"{text}."
    )


def lead_table(found: Measurements) -> str:
    """Return ST, R, S and T of each lead as an HTML table, and why any of them is missing."""
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
        + "".join(f"<td>{value.value:+.2f}</td>" for value in values.values() if value.value is not None)
        + "</tr>"
        for name, values in given.items()
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>{said}"
