"""Scores in the formats of other systems: one FHIR bundle, or DICOM structured reports in a folder."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.stage import say
from suprem.atomic import replacing, write_text
from suprem.inference.files import Remarked, ScoreRow, Unscored, Withheld
from suprem.inference.predictor import Predictor
from suprem.inference.reported import Lineage, reported


def hand_over_as(
    form: str,
    out: Path | None,
    predictor: Predictor,
    rows: Sequence[ScoreRow],
    remarks: Sequence[Remarked],
    withheld: Sequence[Withheld],
    errors: Sequence[Unscored],
) -> None:
    """Write scores as "fhir", to a file or standard output, or as "dicom-sr", one file a recording in a folder."""
    results, lineage = reported(rows, remarks, withheld, errors, predictor.vocabulary), Lineage.of(predictor)
    if form == "fhir":
        from suprem.inference.fhir_report import fhir_bundle

        text = json.dumps(fhir_bundle(results, lineage), indent=1, ensure_ascii=False)
        if out is None:
            sys.stdout.write(f"{text}\n")
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            write_text(out, f"{text}\n")
        return
    from suprem.inference.dicom_report import structured_report

    folder = out or Path()
    folder.mkdir(parents=True, exist_ok=True)
    for number, result in enumerate(results, start=1):
        name = re.sub(r"[^\w.-]+", "_", result.record_id)[:80]
        with replacing(folder / f"{number:06d}-{name}.dcm") as temporary:
            structured_report(result, lineage).save_as(temporary, enforce_file_format=True)
    say(f"{len(results):,} reports in {folder.name}.")
