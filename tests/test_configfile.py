"""Configuration is read strictly and written back exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from suprem.configfile import fill, load_config, to_toml
from suprem.errors import ConfigError
from suprem.plain_data import to_plain


@dataclass(frozen=True)
class Optimizer:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.95)
    schedule: Literal["cosine", "one-cycle"] = "cosine"

    def __post_init__(self) -> None:
        if self.lr <= 0:
            raise ValueError(f"lr is {self.lr}, expected above zero")


@dataclass(frozen=True)
class Experiment:
    data: Path = Path("ptb-xl")
    name: str = "first"
    epochs: int = 3
    compile: bool = False
    leads: tuple[str, ...] = ("I", "II")
    limit: int | None = None
    seeds: tuple[int, ...] = ()
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=0.5))


@dataclass(frozen=True)
class Renamed:
    FORMER_NAMES: ClassVar[Mapping[str, str]] = {"taken": "kept"}

    kept: float = 1.0


@dataclass(frozen=True)
class NeedsData:
    data: Path
    epochs: int = 1


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_file_and_overrides_the_defaults_hold() -> None:
    assert load_config(Experiment, None) == Experiment()


def test_a_file_fills_every_kind_of_field(tmp_path: Path) -> None:
    text = """
        data = "elsewhere"
        epochs = 7
        compile = true
        leads = ["V1"]
        limit = 10
        [optimizer]
        lr = 1
        betas = [0.5, 1]
        schedule = "one-cycle"
    """
    optimizer = Optimizer(lr=1.0, betas=(0.5, 1.0), schedule="one-cycle")
    expected = Experiment(Path("elsewhere"), "first", 7, True, ("V1",), 10, (), optimizer)
    config = load_config(Experiment, write(tmp_path, text))
    assert config == expected
    assert isinstance(config.optimizer.lr, float)


def test_a_partial_table_keeps_the_rest_of_its_default() -> None:
    config = load_config(Experiment, None, ["optimizer.schedule=one-cycle"])
    assert config.optimizer == Optimizer(lr=0.5, schedule="one-cycle")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimizer.lr=3e-4", Experiment(optimizer=Optimizer(lr=3e-4))),
        ("optimizer.lr = 2", Experiment(optimizer=Optimizer(lr=2.0))),
        ("name=a=b", Experiment(name="a=b")),
        ("name=123", Experiment(name="123")),
        ("name='quoted'", Experiment(name="quoted")),
        ("data=/tmp/x", Experiment(data=Path("/tmp/x"))),
        ("leads=['V1', 'V2']", Experiment(leads=("V1", "V2"))),
        ("limit=5", Experiment(limit=5)),
        ("limit=none", Experiment()),
        ("compile=true", Experiment(compile=True)),
    ],
)
def test_an_override_is_read_as_its_field_needs(override: str, expected: Experiment) -> None:
    assert load_config(Experiment, None, [override]) == expected


def test_overrides_win_over_the_file_and_later_ones_over_earlier(tmp_path: Path) -> None:
    path = write(tmp_path, "epochs = 7\n")
    assert load_config(Experiment, path, ["epochs=8", "epochs=9"]).epochs == 9


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epoch=1", "configuration: unknown key 'epoch'; did you mean 'epochs'?"),
        ("optimizer.lrr=1", "configuration: unknown key 'optimizer.lrr'; did you mean 'lr'?"),
        ("optimizer.zzz=1", "unknown key 'optimizer.zzz'; expected one of: betas, lr, schedule."),
        ("epochs=2.5", "'epochs' must be a whole number; found 2.5."),
        ("epochs=true", "'epochs' must be a whole number; found True."),
        ("epochs=many", "'epochs' must be a whole number; found 'many'."),
        ("compile=1", "'compile' must be true or false; found 1."),
        ("optimizer.lr=fast", "'optimizer.lr' must be a number; found 'fast'."),
        ("optimizer.lr=-1", "optimizer: lr is -1.0, expected above zero"),
        ("optimizer.schedule=cosin", "'optimizer.schedule' is 'cosin'; did you mean 'cosine'?"),
        ("optimizer.betas=[0.9]", "'optimizer.betas' must hold 2 values; found 1."),
        ("optimizer=1", "'optimizer' must be a table; found 1."),
        ("leads=V1", "'leads' must be a list; found 'V1'."),
        ("leads=[1]", "'leads[0]' must be text; found 1."),
        ("limit=few", "'limit' must be a whole number; found 'few'."),
        ("epochs", "'epochs' is not an override; expected the form training.lr=3e-4."),
    ],
)
def test_a_wrong_setting_says_what_was_expected(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Experiment, None, [override])
    assert message in str(caught.value)


def test_a_misspelt_key_in_a_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^run\.toml: unknown key 'nam'; did you mean 'name'\?$"):
        load_config(Experiment, write(tmp_path, "nam = 'x'\n"))


def test_an_override_below_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'epochs' is not a table"):
        load_config(Experiment, write(tmp_path, "epochs = 7\n"), ["epochs.lr=1"])


def test_broken_toml_and_a_missing_file_are_configuration_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^run\.toml is not valid TOML"):
        load_config(Experiment, write(tmp_path, "epochs = = 7"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(Experiment, tmp_path / "absent.toml")


def test_a_field_without_default_must_be_given() -> None:
    with pytest.raises(ConfigError, match="'data' has no default and needs a value"):
        load_config(NeedsData, None, ["epochs=2"])
    assert load_config(NeedsData, None, ["data=x"]) == NeedsData(Path("x"))


def test_fill_takes_missing_fields_from_the_base() -> None:
    base = Experiment(name="base", optimizer=Optimizer(lr=0.25, schedule="one-cycle"))
    config = fill(Experiment, {"optimizer": {"lr": 0.125}}, source="test", base=base)
    assert config == Experiment(name="base", optimizer=Optimizer(lr=0.125, schedule="one-cycle"))


EXAMPLES = [
    Experiment(),
    Experiment(limit=4, seeds=(1, 2), name='with "quotes"\nand ünïcode', data=Path("a b/c")),
    Experiment(optimizer=Optimizer(lr=0.1 + 0.2, betas=(1e-300, 1e22))),
]


@pytest.mark.parametrize("config", EXAMPLES)
def test_what_is_written_as_toml_reads_back_equal(config: Experiment, tmp_path: Path) -> None:
    assert load_config(Experiment, write(tmp_path, to_toml(config))) == config


@pytest.mark.parametrize("config", EXAMPLES)
def test_what_is_written_as_json_reads_back_equal(config: Experiment) -> None:
    assert fill(Experiment, json.loads(json.dumps(to_plain(config))), source="json") == config


def test_none_that_toml_cannot_say_is_refused() -> None:
    @dataclass(frozen=True)
    class Limited:
        limit: int | None = 10

    with pytest.raises(ConfigError, match="'limit' is None, which TOML cannot say"):
        to_toml(Limited(limit=None))


def test_a_field_is_also_read_by_its_former_name_and_written_by_its_new_one(tmp_path: Path) -> None:
    """The run folders of before hold the names of before."""
    config = load_config(Renamed, write(tmp_path, "taken = 0.5\n"))
    assert config == Renamed(kept=0.5)
    assert to_toml(config) == "kept = 0.5\n"
    assert load_config(Renamed, None, ["taken=0.25"]).kept == 0.25


@pytest.mark.parametrize(("text", "override"), [("taken = 0.5\n", "kept=0.25"), ("kept = 0.5\n", "taken=0.25")])
def test_an_override_wins_whichever_of_the_names_it_uses(tmp_path: Path, text: str, override: str) -> None:
    assert load_config(Renamed, write(tmp_path, text), [override]).kept == 0.25


def test_a_file_that_gives_both_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'taken' is the former name of 'kept', which is given, too"):
        load_config(Renamed, write(tmp_path, "taken = 0.5\nkept = 0.5\n"))
