"""What a form asks for reaches the stage as it was asked: by one dataclass, through the file of a job."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from suprem.configfile import load_config
from suprem.ecg.formats.table import TableFormat
from suprem.errors import ConfigError
from suprem.experiments.configurations import (
    CohortRequest,
    DownloadRequest,
    EvaluationConfig,
    IndexingConfig,
    PretrainRequest,
    PromotionRequest,
    VocabularyConfig,
    ZeroShotConfig,
    ZeroShotRequest,
    shipped_configuration,
)
from suprem.jobs.job import STAGES, JobSpec
from suprem.model.config import ModelConfig
from suprem.training.config import PretrainConfig

HERE = Path("/somewhere")
REQUESTS = {
    "build_vocabulary": VocabularyConfig(reports=HERE / "reports.csv", cluster_threshold=0.9),
    "download": DownloadRequest("csn", HERE, only="*.hea"),
    "evaluate": EvaluationConfig((HERE, HERE / "more"), labels="merl", name="first"),
    "index_datasets": IndexingConfig("ptbxl", HERE, folds=(1, 9)),
    "pretrain": PretrainRequest(
        PretrainConfig(model=ModelConfig(leads=8), vocabulary=HERE, teachers=(HERE / "best",)), HERE / "run", HERE
    ),
    "promote": PromotionRequest(HERE / "best", bank=HERE, bank_folds=(8, 9)),
    "score": CohortRequest(HERE, HERE / "cohort", table=TableFormat(fs=500.0, unit="uV", leads=("I", "II"))),
    "zero_shot": ZeroShotRequest(ZeroShotConfig("csn", HERE, calibrate=(9,)), out=HERE / "result.json"),
}


def test_every_stage_of_a_job_is_tried() -> None:
    assert REQUESTS.keys() == STAGES


@pytest.mark.parametrize("stage", sorted(REQUESTS))
def test_a_command_does_what_the_file_of_a_job_says(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    command = importlib.import_module(f"pipelines.{stage}")
    module, name = ("pipelines.score_folders", "score_folder") if stage == "score" else (command.__name__, "work")
    monkeypatch.setattr(importlib.import_module(module), name, lambda request, *_: asked.append(request))
    file = tmp_path / "job.toml"
    file.write_text(JobSpec.of(stage, REQUESTS[stage], "").configuration_text)
    assert command.main(["--job", str(file)]) == 0
    assert asked == [REQUESTS[stage]]


def test_a_file_that_does_not_fit_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "job.toml"
    file.write_text('chekpoint = "a"\n')
    assert importlib.import_module("pipelines.promote").main(["--job", str(file)]) == 2
    assert "unknown key 'chekpoint'; did you mean 'checkpoint'?" in capsys.readouterr().err


def test_the_configuration_of_a_job_is_read_back() -> None:
    request = REQUESTS["pretrain"]
    assert PretrainRequest.of(JobSpec.of("pretrain", request, "").configuration) == request
    with pytest.raises(ConfigError, match="the job: 'config' has no default"):
        PretrainRequest.of({"run_dir": "a"})


def test_what_ships_by_name_is_the_file_of_that_name() -> None:
    assert shipped_configuration("compact").training.epochs == 26
    with pytest.raises(ConfigError, match="cannot be read"):
        shipped_configuration("nothing")
    assert load_config(PretrainConfig, None, ["model.leads=8"]) == PretrainConfig(model=ModelConfig(leads=8))
