"""Write the generated pages: `python -m docs.generate`, also `make docs`.

With `--check` nothing is written; the names of stale pages are printed and the exit code is 1 where there are any. With
`--keep FOLDER` the results of an evaluation (`python -m pipelines.evaluate`) are first taken into `docs/results/`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docs.generate.pages import DOCS, generated
from docs.generate.results import keep_results
from suprem.resources import ROOT


def main(argv: list[str] | None = None) -> int:
    """Write or check every generated page and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, only say what is stale")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="take over the results of this evaluation first")
    args = parser.parse_args(argv)

    if args.keep is not None:
        keep_results(args.keep, DOCS / "results")
    stale = [
        (path, text)
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        sys.stdout.write(f"{'stale' if args.check else 'written'}: {path.relative_to(ROOT).as_posix()}\n")
        if not args.check:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and args.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
