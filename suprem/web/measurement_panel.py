"""Show the measurements of the ECG: values with units, reasons for missing ones, and the marked median beat."""

from __future__ import annotations

from html import escape

import streamlit as st

from suprem.ecg.measure import ST_SECONDS, UNCONFIRMED, Measurements, measure
from suprem.ecg.record import EcgRecord
from suprem.web.frame import PLOT
from suprem.web.median_beat_figure import median_beat_figure


def show_measurements(record: EcgRecord) -> None:
    """Measure the window that the page shows, and show the result."""
    found = measure(record)
    st.subheader(f"Measurements – {UNCONFIRMED}", anchor=False)
    st.html(measurement_list(found))
    figure = median_beat_figure(found)
    if figure is None:
        return
    with st.expander("Median beat with its marks, ST levels and voltages"):
        st.plotly_chart(
            figure, theme=None, config=PLOT, key="median-beat", alt="Median beat of each lead, with P, QRS and T marked"
        )
        st.caption(
            f"{beats_used(found)} ST is measured {1000 * ST_SECONDS:g} ms after the J point, "
            "against the level just before QRS; R and S are the highest and lowest point of QRS."
        )
        st.html(lead_table(found))


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
    """Return ST, R and S of each lead as an HTML table, or why there are none."""
    reasons = {value.reason for value in found.st.values() if value.reason}
    if reasons:
        return "".join(f'<p class="finding">ST, R, S: {escape(reason)}</p>' for reason in sorted(reasons))
    head = "".join(f'<th scope="col">{lead}</th>' for lead in found.st)
    rows = "".join(
        f'<tr><th scope="row">{name} (mV)</th>'
        + "".join(f"<td>{value.value:+.2f}</td>" for value in values.values() if value.value is not None)
        + "</tr>"
        for name, values in (("ST", found.st), ("R", found.r), ("S", found.s))
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
