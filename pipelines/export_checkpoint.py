"""Write a checkpoint as a repository of the Hugging Face Hub: its files with a README that the hub understands.

    python -m pipelines.export_checkpoint --to FOLDER
    hf upload OWNER/NAME FOLDER

`suprem.load("OWNER/NAME")` then fetches it. Nothing is uploaded here, and what only training needs stays behind.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from pipelines.stage import run_stage
from suprem.atomic import replacing, write_text
from suprem.export import RESEARCH_USE
from suprem.settings import load_settings


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem export-checkpoint", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--checkpoint", type=Path, help="default: the one this installation uses")
    parser.add_argument("--to", type=Path, required=True, help="the folder it becomes")
    args = parser.parse_args(argv)

    def work() -> None:
        from suprem.inference.hub import FILES, README, hub_readme
        from suprem.model.checkpoint import load_checkpoint

        source = args.checkpoint or load_settings().checkpoint
        checkpoint = load_checkpoint(source)
        args.to.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (source / name).is_file() and (source / name).resolve() != (args.to / name).resolve():
                with replacing(args.to / name) as temporary:
                    shutil.copyfile(source / name, temporary)
            elif not (source / name).is_file():
                (args.to / name).unlink(missing_ok=True)  # of a checkpoint that was exported here before
        write_text(args.to / README, hub_readme(checkpoint.id, checkpoint.card))
        print(f"checkpoint {checkpoint.id} is in {args.to}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
