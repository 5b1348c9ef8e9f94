"""Write a checkpoint's network as one file that runs without this package, and check that it answers the same.

    python -m pipelines.export --out network.pt2 [--checkpoint FOLDER]     torch.export, opened by torch.export.load
    python -m pipelines.export --out network.onnx                         ONNX; needs onnx, onnxscript and onnxruntime

The file takes prepared signals (record, lead, time) and query vectors (query, width) and gives logits (record, query).
It is written only if no logit differs by more than 1e-5.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.stage import run_stage
from suprem.export import RESEARCH_USE


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem export", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .pt2 or .onnx")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one, or SUPREM_CHECKPOINT")
    args = parser.parse_args(argv)
    kind = args.out.suffix.removeprefix(".")
    if kind not in ("pt2", "onnx"):
        parser.error("--out ends in .pt2 or .onnx")

    def work() -> None:
        from suprem.inference.export import export_network
        from suprem.model.checkpoint import load_checkpoint
        from suprem.settings import load_settings

        checkpoint = load_checkpoint(args.checkpoint or load_settings().checkpoint)
        difference = export_network(checkpoint, args.out, kind)
        print(f"{args.out}: checkpoint {checkpoint.id}, largest difference of a logit {difference:.1e}")

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())
