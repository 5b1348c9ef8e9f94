"""Offer the trace in its present view as a file: A4 in true scale, drawn only when a person asks for it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from suprem.ecg.measurement.measure import measure
from suprem.paper.drawing import PrintFormat
from suprem.paper.printout import Printout, print_ecg
from suprem.paper.view import View
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.session import Session, session

LABELS = {PrintFormat.PDF: "PDF", PrintFormat.SVG: "SVG", PrintFormat.PNG: "PNG"}


def offer_print(ecg: PickedEcg, view: View, name: str = "ecg", *, with_scores: bool = True) -> None:
    """Show a button that opens the choices of a print and its formats.

    Args:
        ecg: What is printed.
        view: How.
        name: What the file is called; tells two prints on a page apart.
        with_scores: Whether the scores of the page are those of this ECG.
    """
    with st.popover("Print or save", key=f"print {name}"):
        st.caption(
            f"A4 across at {view.scale}, {view.layout}. Print it at 100 %, not fitted to the page. "
            "It holds no name and no number of a patient."
        )
        measured = st.checkbox(
            "Measurements in the header", True, key=f"print-measured {name}", persist_state="session"
        )
        scored = with_scores and st.checkbox(
            "Scores on a page of their own", key=f"print-scored {name}", persist_state="session"
        )
        with st.container(horizontal=True):
            for form, label in LABELS.items():
                st.download_button(
                    label,
                    _drawing(ecg, view, form, session(), measured=measured, scored=scored),
                    file_name=f"{name}.{form}",
                    mime=form.mime,
                    on_click="ignore",
                    key=f"print-{form} {name}",
                )


def _drawing(
    ecg: PickedEcg, view: View, form: PrintFormat, state: Session, *, measured: bool, scored: bool
) -> Callable[[], bytes]:
    """Return what draws the print. It runs outside the page's script, so the session is handed to it."""

    def draw() -> bytes:
        lines, model = (state.printable if scored else None) or ([], "")
        found = measure(ecg.window) if measured else None
        return print_ecg(Printout(ecg.window, view, ecg.start, found, lines, model), form)

    return draw
