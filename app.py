"""Start SuPreME Studio: `streamlit run app.py` or `python app.py`.

The pages themselves are laid out in suprem/web/main.py, away from the `pages` folder: a main script with that folder
beside it would let a deep link run a page before the research-use gate.
"""

from __future__ import annotations

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Timer

import streamlit as st
from starlette.middleware import Middleware

from suprem.resources import MAIN_SCRIPT
from suprem.web.security import RefuseForeignPages, SecurityHeaders, keep_files_private, keep_uploads_in_memory
from suprem.web.uploads import RefuseUploads
from suprem.web.warm_start import warm_start


@asynccontextmanager
async def on_start(_app: st.App) -> AsyncIterator[None]:
    """Load ahead, and open the start page on machines with a screen, which Streamlit leaves to an `st.App`."""
    keep_files_private()
    warm_start()
    if not st.get_option("server.headless"):
        # The port is bound already; a second later it also answers.
        address = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
        Timer(1.0, webbrowser.open, [address]).start()
    yield


keep_uploads_in_memory()
app = st.App(
    MAIN_SCRIPT,
    lifespan=on_start,
    middleware=[Middleware(RefuseForeignPages), Middleware(SecurityHeaders), Middleware(RefuseUploads)],
)

if __name__ == "__main__":
    app.run()
