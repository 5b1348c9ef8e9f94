"""Serve scores and measurements over HTTP to other programs; off unless it is started.

    SUPREM_SERVICE_TOKEN=... python -m pipelines.serve --port 8600
    curl -H "Authorization: Bearer ..." --data-binary @ecg.dcm "http://127.0.0.1:8600/v1/score?query=atrial+fibrillation"

The same model, quality gate and remarks as the pages. `/openapi.json` describes the addresses; `/health` and `/metrics`
are for those who watch. Without a token it listens on this machine only. Put it behind TLS to reach it from others.
A recording is held in memory and forgotten; the log names no query and no recording.
"""

from __future__ import annotations

import argparse
import logging
import sys

from pipelines.stage import run_stage, say
from suprem.errors import ConfigError
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(args: argparse.Namespace) -> None:
    """Load the model and answer until stopped.

    Raises:
        ConfigError: It would be open to everybody on the network.
    """
    settings = load_settings()
    tokens = (settings.service_token or "").split()
    if not tokens and args.address not in LOCAL:
        raise ConfigError(
            f"The address {args.address} can be reached from other machines, and no token is set; give one in "
            "SUPREM_SERVICE_TOKEN, for example of `openssl rand -hex 32`."
        )
    import uvicorn

    from suprem.api.model import load
    from suprem.service.limits import Limits
    from suprem.service.routes import build_service

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("suprem.service").setLevel(logging.INFO)
    model = load(args.checkpoint)
    limits = Limits(seconds=args.seconds, at_once=args.at_once)
    app = build_service(model, tokens=tokens, limits=limits, allow_override=args.allow_override)
    say(f"Checkpoint {model.checkpoint} at http://{args.address}:{args.port}. {RESEARCH_USE}")
    # Its own log of accesses would name the queries.
    uvicorn.run(app, host=args.address, port=args.port, access_log=False, log_level="warning", server_header=False)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem serve", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--port", type=int, default=8600, help="default: 8600")
    parser.add_argument("--address", default="127.0.0.1", help="where it listens; default: this machine only")
    parser.add_argument("--checkpoint", help="folder or repository; default: the one of this installation")
    parser.add_argument("--seconds", type=float, default=60.0, help="time one request may take; default: 60")
    parser.add_argument("--at-once", type=int, default=1, help="requests worked on at the same time; default: 1")
    parser.add_argument("--allow-override", action="store_true", help="let requests ignore the quality gate")
    args = parser.parse_args(argv)
    return run_stage(lambda: serve(args))


if __name__ == "__main__":
    raise SystemExit(main())
