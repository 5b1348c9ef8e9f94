"""Start SuPreME Studio: `streamlit run app.py` or `python app.py`.

The pages themselves are laid out in suprem/web/main.py, away from the `pages` folder: a main script with that folder beside
it would let a deep link run a page before the research-use gate.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from suprem.web.security import SecurityHeaders

ROOT = Path(__file__).resolve().parent

app = st.App(ROOT / "suprem" / "web" / "main.py", middleware=[Middleware(SecurityHeaders)])

if __name__ == "__main__":
    app.run()
