"""What stands around every page: the research-use gate and banner, the header, and errors as one sentence."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html import escape
from typing import ParamSpec

import streamlit as st

from suprem import __version__
from suprem.errors import SupremError
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings
from suprem.web.login import require_login, show_login
from suprem.web.roles import note
from suprem.web.session import session
from suprem.web.uploads import admit_uploads

PRODUCT = "SuPreME Studio"

PLOT = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}
"""Options of every figure: no link to a website, and a picture that prints sharp."""

DECIMALS = st.column_config.NumberColumn(format="%.4f")
"""Of AUROC, p-values and the like in every table, so that their points stand below each other."""

DISK_FAULTS = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "has no room left for this program",
    errno.EROFS: "can only be read",
    errno.EACCES: "is closed to this program at this place",
    errno.EPERM: "is closed to this program at this place",
    errno.EIO: "reports an error",
}
"""Error number -> what is wrong with the disk."""

P = ParamSpec("P")

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~:$&])")


@contextmanager
def page(title: str, purpose: str) -> Iterator[None]:
    """Put the gate, the banner and the header before a page and show its `SupremError` as a sentence.

    Bugs and `st.stop()` pass through. The gate is asked here too, although main.py has asked already: a page that is
    ever run by itself must not be the way around it.
    """
    require_acknowledgement()
    show_login()
    st.html(f'<aside class="research-use" aria-label="Research use only">{escape(RESEARCH_USE)}</aside>')
    st.title(title, anchor=False)
    st.html(f'<p class="purpose">{escape(purpose)}</p>')
    with st.container():  # a place of its own, so that what follows lies where it lay without a notice
        show_notice()
    with said():
        yield


@contextmanager
def said() -> Iterator[None]:
    """Show an error that is meant for a person as a sentence where it happened; bugs and `st.stop()` pass through."""
    try:
        yield
    except (SupremError, OSError) as error:
        st.error(plain(sentence_of(error)))


@contextmanager
def said_at_the_top() -> Iterator[None]:
    """Do what a button is for, before the page is drawn; an error that is meant for a person is then shown above it."""
    try:
        yield
    except (SupremError, OSError) as error:
        session().notice = sentence_of(error)


def sentence_of(error: SupremError | OSError) -> str:
    """Return an error as a sentence for a person, without a path.

    Raises:
        OSError: It is none of the disk or of closed files, hence a bug.
    """
    if isinstance(error, SupremError):
        return str(error)
    fault = DISK_FAULTS.get(error.errno or 0)
    if fault is None:
        raise error
    return f"The disk of this server {fault}, so this could not be done. Tell who runs the server, then try again."


def part(*, run_every: str | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return what makes a function draw a part of a page that is drawn anew by itself (`st.fragment`).

    Such a run is not within the page's own, so that its errors are shown as sentences here.

    Args:
        run_every: How often it is drawn without being asked, for example "2s".
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @st.fragment(run_every=run_every)
        @wraps(draw)
        def drawn(*args: P.args, **options: P.kwargs) -> None:
            with said():
                draw(*args, **options)

        return drawn

    return decorate


def require_acknowledgement() -> None:
    """Show the research-use notice instead of anything else until this session has accepted it, and a login before it
    where one is required."""
    require_login()
    if session().acknowledged:
        admit_uploads()
        return
    with st.container(key="gate"):
        st.title(PRODUCT, anchor=False)
        st.html('<p class="purpose">Score a 12-lead ECG against your own words, and see where the model looked.</p>')
        first, rest = RESEARCH_USE.split(". ", 1)
        st.html(f'<div class="notice"><strong>{escape(first)}</strong><p>{escape(rest)}</p></div>')
        st.caption(
            "Recordings you open stay in this computer's memory for this session and are sent nowhere. "
            "Ask the person responsible for your data before you open a patient's recording."
        )
        if session().notice:
            st.error(plain(session().notice))
            session().notice = ""
        st.button("I understand and agree", type="primary", key="acknowledge", on_click=_acknowledge)
    st.stop()


def absent(what: str, command: str) -> None:
    """Say that something is not there, and show the command that makes it."""
    st.info(f"{plain(what)} Make it with this command, then open this page again:")
    st.code(command, language=None, wrap_lines=True)


def show_notice() -> None:
    """Show once what a button did before the page was drawn."""
    if session().notice:
        st.info(plain(session().notice))
        session().notice = ""


def plain(text: str) -> str:
    """Return text so that Markdown shows it as it is: no query or message becomes a link, image or formula."""
    return _MARKDOWN.sub(r"\\\1", text).replace("\n", " ")


def _acknowledge() -> None:
    with said_at_the_top():
        note(load_settings(), "accept_notice", "research use only", version=__version__)
        session().acknowledged = True  # what cannot be logged did not happen
