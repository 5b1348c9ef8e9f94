"""Where this installation keeps things and what it runs on: environment over `suprem.toml` over defaults.

Settings describe a deployment, never an experiment (that is `configfile` and the dataclasses beside the code). They are
read once at an edge, a pipeline stage or the web's first page, and handed on as values. No other module reads the
environment, except training/distributed.py for what `torchrun` sets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from suprem.configfile import fill, read_toml
from suprem.errors import ConfigError
from suprem.part import Part
from suprem.plain_data import Text, did_you_mean
from suprem.resources import ASSETS

PREFIX = "SUPREM_"
MLFLOW = "MLFLOW_TRACKING_URI"
Precision = Literal["float32", "bfloat16"]
TEST_VARIABLES = frozenset({"SUPREM_TEST_DATA"})
"""Read by the tests only, but often set in a developer's shell while the program runs."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One installation. Each field is set by `SUPREM_<FIELD>` or by a line in `suprem.toml`."""

    home: Path = Path("artifacts")
    """Everything the program writes goes below this folder."""

    checkpoint: Path = ASSETS / "checkpoint"
    """Folder of the checkpoint that pages and commands score with. Where it is not set, a checkpoint that was promoted
    to `home` stands before the shipped one."""

    encoder_folder: Path | None = None
    """Folder with the weights of the checkpoint's text encoder, where they are in no package and not in the Hugging
    Face cache."""

    device: str = "cpu"
    """Torch device for scoring."""

    precision: Precision = "float32"
    """Arithmetic of scoring. "bfloat16" is about twice as fast on batches where the processor has instructions for it
    (AMX), and many times slower where it has none. It shifts logits by up to 0.1, which leaves AUROC as it is."""

    threads: int | None = None
    """CPU threads torch may use for scoring; None leaves it to torch."""

    database_url: str | None = field(default=None, repr=False)
    """Database of reviews, audit and jobs; None is a SQLite file below `home`. May hold a password, so give it in the
    environment."""

    max_jobs: int = 1
    """Background jobs that may run at the same time."""

    mlflow_tracking_uri: str | None = None
    """MLflow server that pre-training also reports to. `MLFLOW_TRACKING_URI`, which MLflow reads, sets it too."""

    login: bool = False
    """Whether a login by OpenID Connect is required (docs/login.md)."""

    service_token: str | None = field(default=None, repr=False)
    """What programs that use the HTTP interface (`suprem serve`) must show; several, separated by blanks, while one
    replaces another. Best given in the environment."""

    roles_claim: str = "roles"
    """Where the login says what a person may do here: a claim, or a path of claims with dots, such as
    "realm_access.roles" of Keycloak (docs/login.md)."""

    reports: Path | None = None
    """Table of reports (CSV) that the page "Report entities" offers to everyone who may open the app."""

    recordings: Path | None = None
    """Folder whose ECGs, and those of its subfolders, everyone who may open the app can score on the page "Cohort";
    None is `recordings` below `home`. Links in it are not followed."""

    corpora: Path | None = None
    """Folder below which the corpora lie that a page can be told to store, evaluate or open recordings of; None is
    `corpora` below `home`, where downloads go."""

    llm_url: str | None = None
    """Address of an OpenAI-compatible language model server, for reading reports."""

    llm_model: str | None = None
    """Name of the model on that server."""

    llm_api_key: str | None = field(default=None, repr=False)
    """Its key; best given in the environment, never on a command line."""

    @property
    def database(self) -> str:
        """URL of the one database: jobs, reviewers' decisions, audit log. It may hold a password, so never log it."""
        return self.database_url or f"sqlite:///{self.home / 'suprem.sqlite'}"

    @property
    def recordings_root(self) -> Path:
        """The only folder of this machine whose recordings a page can be asked to score."""
        return self.recordings or self.home / "recordings"

    @property
    def data_roots(self) -> tuple[Path, ...]:
        """The folders below which a folder typed into a page must lie."""
        return tuple(
            dict.fromkeys((self.corpora or self.home / "corpora", self.home / "corpora", self.recordings_root))
        )

    @property
    def cohorts(self) -> Path:
        """Folder of the scored cohorts."""
        return self.home / "cohorts"

    @property
    def vocabularies(self) -> Path:
        """Folder of the vocabulary versions."""
        return self.home / "vocabularies"

    @property
    def terminologies(self) -> Path:
        """Folder of imported vocabularies, which a page offers to map reports to."""
        return self.home / "terminologies"

    @property
    def kept_reports(self) -> Path:
        """Folder of the tables of reports that were handed in on a page."""
        return self.home / "reports"


def load_settings(environ: Mapping[str, str] | None = None, path: Path = Path("suprem.toml")) -> Settings:
    """Read the settings of this installation.

    Args:
        environ: The environment; that of the process by default.
        path: A TOML file, which need not exist.

    Returns:
        Settings with absolute paths.

    Raises:
        ConfigError: A `SUPREM_` variable or a key is unknown, or a value has the wrong type.
    """
    settings = fill(Settings, read_toml(path), source=path.name) if path.is_file() else Settings()
    values = _from_environment(os.environ if environ is None else environ)
    settings = fill(Settings, values, source="environment", base=settings)
    if settings.threads is not None and settings.threads < 1:
        raise ConfigError(f"'threads' is {settings.threads}; expected at least 1, or leave it out.")
    if settings.max_jobs < 1:
        raise ConfigError(f"'max_jobs' is {settings.max_jobs}; expected at least 1.")
    home = _absolute(settings.home)
    promoted = home / "checkpoint"
    if settings.checkpoint == Settings.checkpoint and (promoted / "config.json").is_file():
        settings = replace(settings, checkpoint=promoted)
    return replace(
        settings,
        home=home,
        checkpoint=_absolute(settings.checkpoint),
        encoder_folder=settings.encoder_folder and _absolute(settings.encoder_folder),
        reports=settings.reports and _absolute(settings.reports),
        recordings=settings.recordings and _absolute(settings.recordings),
        corpora=settings.corpora and _absolute(settings.corpora),
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, Text]:
    known = {PREFIX + setting.name.upper(): setting.name for setting in fields(Settings)}
    values: dict[str, Text] = {}
    if environ.get(MLFLOW):
        values["mlflow_tracking_uri"] = Text(environ[MLFLOW])
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in TEST_VARIABLES:
            continue
        if variable not in known:
            raise ConfigError(f"Unknown environment variable {variable!r}; {did_you_mean(variable, known)}")
        if value:  # set but empty counts as not set, as shells and compose files often leave it
            values[known[variable]] = Text(value)
    return values


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def array_task(environ: Mapping[str, str] | None = None) -> Part | None:
    """Return the part of the work that Slurm gives to this process; None outside an array.

    Args:
        environ: Environment; the process's by default.

    Raises:
        ConfigError: The tasks of the array are not numbered one after the other, or not told in full.
    """
    told = os.environ if environ is None else environ
    if "SLURM_ARRAY_TASK_ID" not in told:
        return None
    values = [told.get(f"SLURM_ARRAY_TASK_{name}", "") for name in ("ID", "COUNT", "MIN", "MAX")]
    if not all(value.isdecimal() for value in values):
        raise ConfigError("SLURM_ARRAY_TASK_ID is set without _COUNT, _MIN and _MAX beside it; say --part I/N.")
    number, count, low, high = map(int, values)
    if high - low + 1 != count:
        raise ConfigError("The tasks of the array are not numbered one after the other; say --part I/N.")
    return Part(number - low + 1, count)


def cores(environ: Mapping[str, str] | None = None) -> int:
    """Return how many processes may compute here: what Slurm gives to the task, else all cores of the machine."""
    told = os.environ if environ is None else environ
    return int(told.get("SLURM_CPUS_PER_TASK") or os.cpu_count() or 1)
