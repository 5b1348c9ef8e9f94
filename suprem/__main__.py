"""The command `suprem`, also `python -m suprem`: the stages of `pipelines` as subcommands, wherever one stands."""

from __future__ import annotations

import sys
from importlib import import_module

from suprem.resources import ROOT


def main() -> int:
    """Run the command line and return its exit code."""
    # An installed package keeps `pipelines` inside `suprem`, where Python does not look for it by itself.
    sys.path.insert(0, str(ROOT))
    return import_module("pipelines.__main__").main()


if __name__ == "__main__":
    raise SystemExit(main())
