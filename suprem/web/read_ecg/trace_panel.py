"""The trace of the page: arranged, scaled, filtered for the eye and measured as the person asks.

It is a fragment: what is changed here draws the trace anew and nothing below it, and no score depends on it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import streamlit as st

from suprem.paper.display_filter import DisplayFilter, filter_for_display, possible_filters
from suprem.paper.layout import GAINS, SPEEDS, STANDARD, Layout, PaperScale, lay_out
from suprem.paper.view import View
from suprem.web.ecg_paper.ecg_figure import ecg_figures
from suprem.web.ecg_paper.ecg_paper import HALF_PIXELS, PAPER_PIXELS
from suprem.web.frame import PLOT, part, plain
from suprem.web.read_ecg.caliper import Measurement, caliper_reading, measure_between
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.first_sight import first_sight
from suprem.web.read_ecg.print_panel import offer_print
from suprem.web.session import session

LAYOUT, SPEED, GAIN, FILTERS, MEASURING = "layout", "speed", "gain", "filters", "measuring"
"""Keys of the widgets."""

CALIPER = "CALIPER: drag a box over one strip. K clears it, T ends measuring."
BESIDE = "Side by side"
KEYS = """
| key | does |
|---|---|
| `1` to `5` | layout |
| `S`, `Shift+S` | paper faster, slower |
| `G`, `Shift+G` | gain higher, lower |
| `T` | caliper on or off |
| `K` | clear the caliper |
| `0` | standard view |
| `Tab`, `Shift+Tab` | next, previous control |
| `Enter`, `Space`, arrows | use it |

Keys are silent while you type in a field.
"""


def show_trace(ecg: PickedEcg, second: PickedEcg | None = None) -> None:
    """Show controls and trace of an ECG, and of a second one in the same view, and offer their prints."""
    # Scores come further down the page, if they come: a print holds those of this run of the page or none.
    session().printable = None
    _show(ecg, second)


@part()
def _show(ecg: PickedEcg, second: PickedEcg | None) -> None:
    both = [one for one in (ecg, second) if one is not None]
    view, measuring = choose_view(min(one.window.fs for one in both))
    if second is None:
        if measuring:
            _measure_by_numbers(ecg, "trace")
        draw_trace(ecg, view, "trace", measuring=measuring)
        offer_print(ecg, view)
    else:
        _show_both(ecg, second, view, measuring=measuring)
    session().drawn = True


def _show_both(ecg: PickedEcg, second: PickedEcg, view: View, *, measuring: bool) -> None:
    arranged = st.segmented_control(
        "Arrangement of the two ECGs",
        (BESIDE, "One below the other"),
        default=BESIDE,
        required=True,
        key="arranged",
        persist_state="session",
        label_visibility="collapsed",
    )
    pixels = HALF_PIXELS if arranged == BESIDE else PAPER_PIXELS
    places = st.columns(2) if arranged == BESIDE else (st.container(), st.container())
    for place, one, name in zip(places, (ecg, second), ("First", "Second"), strict=True):
        with place:
            st.markdown(f"**{name}** &nbsp; {plain(one.title)}")
            if measuring:
                _measure_by_numbers(one, name.lower())
            draw_trace(one, view, name.lower(), measuring=measuring, pixels=pixels)
            offer_print(one, view, name.lower(), with_scores=one is ecg)


def _measure_by_numbers(ecg: PickedEcg, name: str) -> None:
    """Offer the caliper to who uses no mouse."""
    with st.popover("Caliper by numbers", key=f"numbers {name}"):
        lead = st.selectbox("Lead", ecg.window.leads, key=f"numbers lead {name}")
        first, last = (
            st.number_input(
                label,
                ecg.start,
                ecg.start + ecg.window.seconds,
                ecg.start + value,
                0.02,
                "%.3f",
                key=f"numbers {label} {name} {ecg.key} {ecg.start}",
            )
            for label, value in (("From, in seconds", 0.0), ("To, in seconds", min(1.0, ecg.window.seconds)))
        )
        st.markdown(f"**Caliper** &nbsp; {measure_between(ecg.window, lead, first, last, ecg.start)}")


def choose_view(fs: float) -> tuple[View, bool]:
    """Ask how the trace is to be shown, and whether dragging measures instead of moving the paper.

    Args:
        fs: Sampling rate in Hz, which some filters need more of.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="trace-controls"):
        layout = st.segmented_control(
            "Layout",
            list(Layout),
            default=Layout.COLUMNS,
            required=True,
            key=LAYOUT,
            persist_state="session",
            label_visibility="collapsed",
        )
        speed = _scale_choice("Paper speed", SPEEDS, STANDARD.speed, "mm/s", SPEED)
        gain = _scale_choice("Gain", GAINS, STANDARD.gain, "mm/mV", GAIN)
        filters = _choose_filters(fs)
        measuring = st.toggle("Caliper", key=MEASURING, persist_state="session", help=CALIPER)
        with st.popover("Keys", key="keys"):
            st.markdown(KEYS)
    _shortcuts()
    return View(layout, PaperScale(speed, gain), filters), measuring


def draw_trace(ecg: PickedEcg, view: View, name: str, *, measuring: bool = False, pixels: int = PAPER_PIXELS) -> None:
    """Draw an ECG in a view, on as many sheets as it takes, each with the caliper's reading above it."""
    record = filter_for_display(ecg.window, view.filters)
    sheets = lay_out(view.layout, record.seconds, view.scale).parts()
    figures = ecg_figures(
        record, layout=view.layout, scale=view.scale, start=ecg.start, shown=view.shown, pixels=pixels
    )
    for number, (sheet, figure) in enumerate(zip(sheets, figures, strict=True), start=1):
        sheet_of = f", sheet {number} of {len(sheets)}" if len(sheets) > 1 else ""
        options: dict[str, Any] = {
            "theme": None,
            "config": PLOT,
            "key": _chart_key(ecg, view, f"{name} {number}", measuring),
            "alt": f"{ecg.record.facts}, on ECG paper at {view.scale}, {view.layout}{sheet_of}",
        }
        if not measuring:
            with st.container(key=f"paper {name} {number}"):
                chart = st.container()
                if not session().drawn:
                    st.html(first_sight(record, sheet, ecg.start, view.shown, pixels))
                chart.plotly_chart(figure, **options)
            continue
        reading = st.empty()
        figure.update_layout(dragmode="select", selectdirection="any")
        event = st.plotly_chart(figure, on_select="rerun", selection_mode="box", **options)
        # A filter changes what is seen, never what is measured.
        found = [caliper_reading(ecg.window, sheet, box["x"], box["y"], ecg.start) for box in event["selection"]["box"]]
        reading.markdown(_reading(found))


def _reading(found: list[Measurement | None]) -> str:
    measured = [str(one) for one in found if one is not None]
    return "**Caliper** &nbsp; " + " &nbsp;|&nbsp; ".join(measured) if measured else f"**{CALIPER}**"


def _chart_key(ecg: PickedEcg, view: View, name: str, measuring: bool) -> str:
    """Return a key under which zoom and caliper belong to this paper alone: on another, the same box means another."""
    paper = (ecg.key, ecg.start, view.layout, view.scale, measuring)
    return f"{name} {session().trace_round} {hashlib.sha256(repr(paper).encode()).hexdigest()[:12]}"


def _scale_choice(label: str, options: tuple[float, ...], usual: float, unit: str, key: str) -> float:
    return st.selectbox(
        label,
        options,
        index=options.index(usual),
        format_func=lambda value: f"{value:g} {unit}",
        key=key,
        persist_state="session",
        label_visibility="collapsed",
        width=130,
    )


def _choose_filters(fs: float) -> tuple[DisplayFilter, ...]:
    possible = possible_filters(fs)
    used = sum(st.session_state.get(f"{FILTERS} {one.name}", False) for one in possible)
    with st.popover(f"Display filters: {used or 'off'}", key=FILTERS):
        st.caption("For the eye only. Scores and measurements always use the ECG as recorded.")
        chosen = tuple(
            one for one in possible if st.checkbox(one.value, key=f"{FILTERS} {one.name}", persist_state="session")
        )
        if len(possible) < len(DisplayFilter):
            st.caption(f"Other filters need a higher sampling rate than {fs:g} Hz.")
    return chosen


def _shortcuts() -> None:
    """Offer the keys as buttons that style.css shows only when one has the focus."""
    with st.container(horizontal=True, key="trace-keys"):
        for number, layout in enumerate(Layout, start=1):
            _key(f"Layout {layout}", str(number), LAYOUT, layout)
        for label, key, options, usual, letter in (
            ("speed", SPEED, SPEEDS, STANDARD.speed, "S"),
            ("gain", GAIN, GAINS, STANDARD.gain, "G"),
        ):
            now = options.index(st.session_state.get(key, usual))
            _key(f"Higher {label}", letter, key, options[min(now + 1, len(options) - 1)])
            _key(f"Lower {label}", f"Shift+{letter}", key, options[max(now - 1, 0)])
        _key("Caliper on or off", "T", MEASURING, not st.session_state.get(MEASURING, False))
        st.button("Clear caliper", shortcut="K", key="key K", on_click=_put_back)
        st.button("Standard view", shortcut="0", key="key 0", on_click=_standard_view)


def _key(label: str, shortcut: str, key: str, value: object) -> None:
    st.button(label, shortcut=shortcut, key=f"key {shortcut}", on_click=_set, args=(key, value))


def _set(key: str, value: object) -> None:
    st.session_state[key] = value


def _put_back() -> None:
    session().trace_round += 1


def _standard_view() -> None:
    """Return to 25 mm/s and 10 mm/mV, unfiltered, unmeasured and unzoomed."""
    _put_back()
    for key, value in ((LAYOUT, Layout.COLUMNS), (SPEED, STANDARD.speed), (GAIN, STANDARD.gain), (MEASURING, False)):
        _set(key, value)
    for one in DisplayFilter:
        _set(f"{FILTERS} {one.name}", False)
