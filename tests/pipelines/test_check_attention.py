"""The check's figures go into the model card of the checkpoint and leave the rest of it alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import check_attention
from tests.tiny import write_checkpoint, write_ptbxl


def test_the_card_gets_the_figures_and_keeps_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    data = write_ptbxl(tmp_path / "ptb-xl", [{"AFIB": 0.0}, {"NORM": 100.0}, {"NORM": 100.0}], [9, 9, 1])
    command = ["--checkpoint", str(checkpoint), "--data", str(data)]
    assert check_attention.main(command) == 0
    printed = json.loads(capsys.readouterr().out)
    card = json.loads((checkpoint / "model_card.json").read_text())
    assert card["attention_check"] == printed
    assert printed["records"] == 2
    assert card["intended_use"] == "Tests."

    assert check_attention.main([*command, "--folds", "1"]) == 2
    assert "at least two are needed" in capsys.readouterr().err
