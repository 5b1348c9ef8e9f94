"""Login by OpenID Connect, an option: nobody passes without one where it is required, and it names who acts.

Streamlit carries it out, by the section `[auth]` of `.streamlit/secrets.toml`; docs/login.md says what goes there.
"""

from __future__ import annotations

import streamlit as st

from suprem.errors import ConfigError
from suprem.settings import load_settings

MAX_NAME = 200
"""Characters of a name in the audit log."""


def require_login() -> None:
    """Show a login instead of anything else where `SUPREM_LOGIN` is set and nobody is logged in."""
    try:
        required = load_settings().login
    except ConfigError as error:
        st.error(str(error))
        st.stop()
    if not required or user_name() is not None:
        return
    with st.container(key="gate"):
        st.subheader("Log in", anchor=False)
        if "is_logged_in" not in st.user:
            st.error(
                "A login is required here (SUPREM_LOGIN), but none is set up: the section [auth] is missing in "
                ".streamlit/secrets.toml. docs/login.md shows one."
            )
        else:
            st.caption("This installation asks who you are. Your name stands beside what you decide, in its audit log.")
            st.button("Log in", type="primary", key="login", on_click=st.login)
    st.stop()


def user_name() -> str | None:
    """Return who is logged in, by e-mail address or else by name; None without a login.

    An address that the provider calls unverified counts for nothing: whoever may type one there could act as another
    person here. Names are not unique, so the provider's number of the account stands beside one.
    """
    if not st.user.get("is_logged_in"):
        return None
    email, name, number = (st.user.get(claim) for claim in ("email", "name", "sub"))
    if email and st.user.get("email_verified", True) is not False:
        return str(email)[:MAX_NAME]
    return (
        " ".join(str(part) for part in (name, f"({number})" if name and number else number) if part)[:MAX_NAME] or None
    )


def show_login() -> None:
    """Say who is logged in and offer to end it; nothing where no login is in use."""
    name = user_name()
    if name is not None:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            st.caption(f"Logged in as `{name.replace('`', '')}`")
            st.button("Log out", key="logout", type="tertiary", on_click=st.logout)
