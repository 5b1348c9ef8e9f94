"""The command on a small store: what is probed on which records, and that a stopped command goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from pipelines import linear_probe
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import build_signal_store
from suprem.evaluation.probe_result import ProbeResult, read_probes
from suprem.experiments import probing
from suprem.model.checkpoint import load_checkpoint, write_card
from suprem.model_card import ModelCard
from suprem.settings import load_settings
from tests.tiny import SMALL_SPEC, SPEC, write_checkpoint, write_ptbxl


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 records, their store and a checkpoint: sinus rhythm and fibrillation in turn, SBRAD in fold 9 only."""
    root = tmp_path_factory.mktemp("probe")
    codes: list[dict[str, float]] = [{"AFIB": 0.0} if row % 2 else {"SR": 0.0} for row in range(40)]
    codes[30]["SBRAD"] = 0.0
    folds = [1 + row // 4 for row in range(28)] + [9] * 12
    index = index_ptbxl(write_ptbxl(root / "ptb-xl", codes, folds))
    build_signal_store(index, SPEC, root / "store", workers=1)
    build_signal_store(index, SMALL_SPEC, root / "other", workers=1)
    checkpoint = write_checkpoint(root / "checkpoint")
    write_card(checkpoint, ModelCard.of({"training": {"data": {"corpus": "ptb-xl", "train_folds": [2, 3, 10]}}}))
    return root


def command(folder: Path, *more: str, store: str = "store") -> list[str]:
    words = ["--store", str(folder / store), "--checkpoint", str(folder / "checkpoint"), "--task", "ptbxl_rhythm"]
    return [*words, "--shares", "50", "100", *more]


@pytest.mark.slow
def test_all_features_are_probed_on_the_same_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linear_probe.main(command(folder, "--baselines", "random", "measurements", "--json")) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(result["features"], result["seed"], result["share"]) for result in results[2:]] == [
        *(("random encoder", seed, share) for seed in range(3) for share in (50.0, 100.0)),
        ("measurements", 0, 50.0),
        ("measurements", 0, 100.0),
    ]
    assert {(result["records"], result["split"]) for result in results} == {(12, "folds 9")}
    assert [result["train_records"] for result in results[:2]] == [14, 28]
    assert "SBRAD" in results[1]["untrained"]
    assert "AFIB" not in results[1]["untrained"]
    by_code = {entry["code"]: entry for entry in results[-1]["classes"]}
    assert by_code["AFIB"]["auroc"] == 1.0  # half as fast again and irregular
    assert results[-1]["macro_trained"] == 1.0 > results[-1]["macro"]
    assert len({result["macro_trained"] for result in results[2:8]}) > 1


SUPERVISED = """
[model]
width = 16
depth = 1
heads = 2
mlp_width = 16
hidden_width = 16
joint_width = 16
dropout = 0.0

[training]
epochs = 1
batch = 14
token_keep_rate = 0.5
"""


@pytest.mark.slow
def test_supervised_networks_stand_beside_the_probes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.toml").write_text(SUPERVISED)
    assert (
        linear_probe.main(command(folder, "--baselines", "vit", "--supervised", str(tmp_path / "tiny.toml"), "--json"))
        == 0
    )
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(result["features"], result["protocol"], result["train_records"]) for result in results[2:]] == [
        ("supervised vit", "supervised", 14),
        ("supervised vit", "supervised", 28),
    ]
    assert all(result["records"] == 12 and "SBRAD" in result["untrained"] for result in results[2:])
    assert {result["recipe"][:5] for result in results[2:]} == {"tiny "}
    # A network trained from nothing is the same beside every checkpoint, and lies where all of them find it.
    (shared,) = (load_settings().home / "evaluations").glob("*.json")
    assert [(one.features, one.checkpoint) for one in read_probes(shared)] == [("supervised vit", "")] * 2


def test_a_stopped_command_keeps_what_it_had_and_goes_on_from_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, encoded = probing.run, []
    encode = probing.encode
    monkeypatch.setattr(probing, "encode", lambda *a: (encoded.append(len(a[3])), encode(*a))[1])

    def stopped(*arguments: object) -> Iterator[ProbeResult]:
        yield from islice(whole(*arguments), 3)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(probing, "run", stopped)
    asked = command(folder, "--baselines", "random", "--protocol", "merl")
    assert linear_probe.main(asked) == 130
    checkpoint = load_checkpoint(folder / "checkpoint").id
    out = load_settings().home / "evaluations" / checkpoint / "linear_probe.json"
    first = read_probes(out)
    assert [(one.learner, one.share) for one in first] == [
        (checkpoint, 50.0), (checkpoint, 100.0), ("random encoder, seed 0", 50.0),
    ]  # fmt: skip
    assert [one.seen for one in first] == ["folds 2,3 of ptb-xl", "folds 2,3 of ptb-xl", ""]
    assert encoded == [14 + 12, 14, 14 + 12]  # a larger share adds to a smaller one

    monkeypatch.setattr(probing, "run", whole)
    assert linear_probe.main(asked) == 0
    captured = capsys.readouterr()
    assert "8 probes, 3 of them made before" in captured.err
    assert "random encoder, merl, 100 % (28 records)" in captured.out
    assert "over 3 seeds" in captured.out
    assert len(encoded) == 3 + 1 + 2 * 2, "what was there is not done again"
    assert read_probes(out)[:3] == first
    assert len(read_probes(out)) == 8

    assert linear_probe.main(command(folder, "--protocol", "paper")) == 0
    assert "2 probes, 0 of them made before" in capsys.readouterr().err
    assert len(read_probes(out)) == 10, "another protocol is another question, and nothing is lost"


def test_a_file_of_something_else_is_named_before_anything_is_computed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.json").write_text('{"results": [{"task": "csn"}]}')
    monkeypatch.setattr(probing, "run", lambda *_: pytest.fail("computed"))
    assert linear_probe.main(command(folder, "--out", str(tmp_path / "out.json"))) == 2
    assert "out.json is no result of linear_probe of this version" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "store", "expected"),
    [
        (["--folds", "8"], "store", "learns from folds 1-8"),
        (["--folds", "10"], "store", "no record in folds 10"),
        ([], "other", "is not prepared for checkpoint"),
        ([], "nowhere", "is not a finished signal store"),
        (["--shares", "1"], "store", "1.00% of 28 training records is none"),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_code_2(
    folder: Path, more: list[str], store: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert linear_probe.main(command(folder, *more, store=store)) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.out == ""
