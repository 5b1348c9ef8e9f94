"""A folder of this machine that a person types into a page: only below the folders that the installation names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import streamlit as st

from suprem.errors import ConfigError
from suprem.settings import Settings
from suprem.web.frame import plain


def ask_folder(label: str, settings: Settings, *, value: str = "", **options: Any) -> Path | None:
    """Draw the field for a folder of recordings, and below it why one cannot be taken.

    Args:
        label: Of the field.
        settings: Of the installation.
        value: What stands in it at first.
        options: Of `st.text_input`.

    Returns:
        The folder, None while none is typed or the typed one cannot be taken.
    """
    typed = st.text_input(label, value, **options).strip()
    if not typed:
        return None
    try:
        return folder_below_roots(typed, settings)
    except ConfigError as error:
        st.error(plain(str(error)))
        return None


def folder_below_roots(typed: str, settings: Settings) -> Path:
    """Return the folder that a person typed, in full or as it is called below a root.

    Raises:
        ConfigError: None of that name lies below a root. The message is the same whether there is one elsewhere: what
            else this machine holds is nobody's business.
    """
    for root in settings.data_roots:
        found = _resolved(root / typed)
        if found is not None and is_below_roots(found, settings) and os.path.isdir(found):
            return found
    named = " or ".join(map(str, settings.data_roots))
    raise ConfigError(
        f"There is no such folder below {named}. Put the recordings there, or name another folder in SUPREM_CORPORA."
    )


def is_below_roots(path: Path, settings: Settings) -> bool:
    """Whether a file or folder, links followed, lies below a folder that pages may be pointed at."""
    found = _resolved(path)
    return found is not None and any(found.is_relative_to(root.resolve()) for root in settings.data_roots)


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a null character, a circle of links
        return None
