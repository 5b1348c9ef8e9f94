"""The grid: variants trained and evaluated by the commands' own functions, kept, resumed, and named where not run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import ablate, compare
from suprem.configfile import load_config
from suprem.datasets.catalog import load_task
from suprem.datasets.synthetic import build_synthetic_store
from suprem.ecg.preprocess import SPECS
from suprem.errors import Cancelled, ConceptError
from suprem.evaluation.ablation import AblationResult, QuestionResult, list_ablations, read_ablation, summarise
from suprem.evaluation.query_set import BUILT_IN
from suprem.experiments import ablating, experiment, pretraining
from suprem.experiments.ablation_grid import AblationConfig, Grid
from suprem.inference import query_vectors
from suprem.resources import CONFIGS
from suprem.settings import load_settings
from suprem.training.config import PretrainConfig
from tests.fakes import FakeEmbedder
from tests.pipelines.test_pretrain import CONFIG

GRID = """
config = "tiny.toml"
set = ["train_folds=[1,2]", "validation_folds=[3]", "synthetic_records=36", "training.epochs=1"]
tasks = ["ptbxl_superclass", "ptbxl_rhythm"]
seeds = [0, 1]

[[questions]]
table = "Table 9"
asks = "fusion"
variants = [{ name = "CFN" }, { name = "linear", set = ["model.fusion=linear"] }]

[[questions]]
table = "Table 10"
asks = "queries"
variants = [{ name = "short" }, { name = "members", queries = "members" }, { name = "detailed", queries = "detailed" }]

[[questions]]
table = "Table 8"
asks = "text encoder"
variants = [{ name = "fake" }, { name = "absent", set = ["encoder=medcpt"] }]

[[questions]]
table = "Table 5"
asks = "doubt"
variants = [
    { name = "masked", vocabulary = "reports" },
    { name = "absent", vocabulary = "reports", labels = "uncertain-absent" },
]
"""


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **_: object) -> FakeEmbedder:
        if name == "medcpt":
            raise ConceptError("The weights of medcpt are not there.")
        return FakeEmbedder(32)

    for module in (experiment, query_vectors):
        monkeypatch.setattr(module, "load_embedder", load)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ablate")
    (place / "tiny.toml").write_text(CONFIG)
    (place / "grid.toml").write_text(GRID)
    return place


def command(place: Path, *more: str) -> list[str]:
    return ["--grid", str(place / "grid.toml"), "--out", str(place / "out"), *more]


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    folders: list[Path] = []
    train = pretraining.run
    monkeypatch.setattr(pretraining, "run", lambda *a, **k: (folders.append(k["folder"]), train(*a, **k))[1])
    return folders


@pytest.mark.slow
def test_cells_are_trained_once_and_kept_and_what_cannot_run_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = count_runs(monkeypatch)
    assert ablate.main(command(place, "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(trained) == 4  # two variants that differ in training, two seeds; the other tables share these cells
    assert result["scale"].startswith("synthetic ECGs, 24 training records, 1 epochs (6 steps of 4), evaluated on 12")
    by_table = {question["table"]: question["variants"] for question in result["questions"]}
    cfn, linear = by_table["Table 9"]
    assert cfn["seeds"] == [0, 1]
    assert cfn["macro"] == by_table["Table 10"][0]["macro"] == by_table["Table 8"][0]["macro"]
    assert linear["difference"] == pytest.approx(linear["macro"] - cfn["macro"])
    assert by_table["Table 10"][2]["not_run"].startswith("needs the queries: --queries detailed=FILE")
    assert by_table["Table 8"][1]["not_run"] == "The weights of medcpt are not there."
    assert "--vocabulary reports=VERSION" in by_table["Table 5"][1]["not_run"]

    for task in ("ptbxl_superclass", "ptbxl_rhythm"):
        text = json.dumps({code: f"finding {code}" for code in load_task(task).codes})
        (place / f"detailed-{task}.json").write_text(text)
    given = ["--queries", f"detailed={place}/detailed-{{task}}.json"]
    assert ablate.main(command(place, *given)) == 0
    assert len(trained) == 4
    assert len(list((place / "out" / "cells").glob("*/ptbxl_rhythm-detailed-*.npz"))) == 2
    report = capsys.readouterr().out
    assert report.strip() == (place / "out" / "ablation.md").read_text().strip()
    scores = sorted((place / "out" / "cells").glob("*/ptbxl_rhythm-simplified.json"))
    assert compare.main(["--first", str(scores[0]), "--second", str(scores[1]), "--bootstrap", "10"]) == 0


@pytest.mark.slow
def test_a_stopped_grid_goes_on_where_it_was(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = ("model.dropout=0.1",)
    config = AblationConfig(place / "grid.toml", tmp_path / "out", only=("Table 9",), seeds=(0,), set=more)
    asked = 0

    def after_ten_steps() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    kept: list[AblationResult] = []
    with pytest.raises(Cancelled):
        ablating.run(config, lambda _fraction, _message: None, after_ten_steps, {}, kept.append)
    (so_far,) = kept
    assert [variant.not_run for variant in so_far.questions[0].variants] == ["", "not trained yet"]
    assert so_far.questions[0].variants[0].seeds == (0,)
    assert so_far.scale.endswith("1 seed, all with model.dropout=0.1")
    trained = count_runs(monkeypatch)
    ablating.run(config, lambda _fraction, _message: None, lambda: False, {})
    assert len(trained) == 1  # the first was finished, the second is continued
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 2


def test_without_out_the_result_is_where_the_page_looks_and_tables_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    variants = summarise(["a", "b"], {"a": {0: {"form": 0.7}}, "b": "needs weights"})

    def run(
        config: AblationConfig,
        _progress: object,
        _stop: object,
        _about: object,
        keep: Callable[[AblationResult], None],
        _say: object,
    ) -> AblationResult:
        questions = tuple(QuestionResult(table, "?", variants) for table in config.only)
        result = AblationResult("synthetic ECGs", 24, ("form",), questions)
        keep(result)
        return result

    monkeypatch.setattr(ablating, "run", run)
    assert ablate.main(["--only", "Table 8"]) == 0
    assert ablate.main(["--only", "Table 9"]) == 0
    (path,) = list_ablations(load_settings().home)
    assert path.parent.name == "synthetic"
    assert [question.table for question in read_ablation(path).questions] == ["Table 8", "Table 9"]
    assert "## Table 8" in path.with_suffix(".md").read_text()


def test_the_shipped_grid_asks_the_papers_tables_and_its_variants_fit() -> None:
    grid = load_config(Grid, CONFIGS / "ablation.toml")
    tables = " ".join(question.table for question in grid.questions)
    assert all(f"Table {number}" in tables for number in range(4, 12))
    for question in grid.questions:
        for variant in question.variants:
            load_config(PretrainConfig, CONFIGS / grid.config, [*grid.set, *variant.set])
            assert variant.queries in (*BUILT_IN, "detailed", "written")


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        (lambda text: text, ["--only", "Table 99"], "does not ask about 'Table 99'"),
        (lambda text: text.replace("model.fusion", "model.fusoin"), [], "did you mean 'fusion'"),
        (lambda text: text.replace('name = "linear"', 'name = "CFN"'), [], "two or more variants of different names"),
        (lambda text: text.replace("Table 10", "Table 9"), [], "Two questions of the grid have the same table"),
    ],
)
def test_a_wrong_grid_is_one_sentence_before_anything_is_trained(
    tmp_path: Path,
    change: Callable[[str], str],
    more: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    build_synthetic_store(tmp_path / "data", SPECS["compact"], records=4, seed=0)
    monkeypatch.setattr(ablating, "synthetic_data", lambda _base, _out, _workers: tmp_path / "data")
    (tmp_path / "tiny.toml").write_text(CONFIG)
    (tmp_path / "grid.toml").write_text(change(GRID))
    assert ablate.main(["--grid", str(tmp_path / "grid.toml"), "--out", str(tmp_path / "out"), *more]) == 2
    assert expected in capsys.readouterr().err
