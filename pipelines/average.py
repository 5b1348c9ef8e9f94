"""Average checkpoints of one network into one, as a checkpoint and what fine-tuning made of it.

python -m pipelines.average --checkpoints BEFORE AFTER --shares 0.25 0.75 --to FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import run_stage
from suprem.export import RESEARCH_USE


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="suprem average", description=__doc__.splitlines()[0], epilog=RESEARCH_USE)
    parser.add_argument("--checkpoints", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--shares", type=float, nargs="+", required=True, help="of each checkpoint; they add up to one")
    parser.add_argument("--to", type=Path, required=True, help="folder of the new checkpoint")
    args = parser.parse_args(argv)

    def work() -> None:
        from suprem.model.averaging import average_checkpoints

        made = average_checkpoints(args.checkpoints, args.shares, args.to)
        print(f"checkpoint {made.id} is in {args.to}; evaluate and promote it before it is used")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
