"""Open SuPreME Studio in the browser.

    suprem app
    suprem app --port 8600 --no-browser

Serves this machine only, at http://127.0.0.1:8501, unless `--address` says otherwise; the settings are those of
`.streamlit/config.toml` beside the program, and `STREAMLIT_*` in the environment.
"""

from __future__ import annotations

import argparse
import sys

from suprem.export import RESEARCH_USE
from suprem.resources import APP


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem app", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--port", type=int, help="default: 8501")
    parser.add_argument("--address", help="where it listens; default: 127.0.0.1, this machine only")
    parser.add_argument("--no-browser", action="store_true", help="open no browser window, as on a server")
    args = parser.parse_args(argv)

    words = ["streamlit", "run", str(APP)]
    if args.port is not None:
        words += ["--server.port", str(args.port)]
    if args.address is not None:
        words += ["--server.address", args.address]
    if args.no_browser:
        words += ["--server.headless", "true"]

    from streamlit.web import cli

    sys.argv = words  # what its own command reads
    cli.main(prog_name="streamlit")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
