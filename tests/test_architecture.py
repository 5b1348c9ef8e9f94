"""The house's rules as code: who may import whom, which library lives where, what no module may be called or do.

`ROOMS` and `HOMES` are the one truth; docs/architecture.md shows both tables and is compared with them here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

EVERYTHING = {
    "errors", "progress", "resources", "atomic", "lock", "part", "export", "database", "plain_data", "configfile",
    "model_card", "settings", "audit", "ecg", "paper", "reports", "jobs", "model", "concepts", "datasets", "composed",
    "inference", "api", "evaluation", "training", "experiments", "administration", "service", "web",
}  # fmt: skip
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "progress": set(),
    "resources": set(),
    "atomic": set(),
    "lock": {"errors"},
    "part": {"errors"},
    "export": set(),
    "database": {"errors"},
    "plain_data": {"errors"},
    "configfile": {"errors", "plain_data"},
    "model_card": {"errors", "plain_data"},
    "settings": {"errors", "resources", "part", "plain_data", "configfile"},
    "audit": {"errors", "atomic", "database"},
    "ecg": {"errors"},
    "paper": {"errors", "export", "ecg"},
    "reports": {"errors", "progress", "resources", "atomic", "lock", "part", "database"},
    "jobs": {"errors", "database", "configfile", "settings"},
    "model": {"errors", "atomic", "plain_data", "model_card"},
    "concepts": {"errors", "progress", "resources", "atomic", "export", "database", "audit", "reports"},
    "datasets": {"errors", "progress", "resources", "atomic", "lock", "part", "ecg"},
    "composed": {"errors", "progress", "atomic", "ecg", "concepts", "datasets"},
    "inference": {
        "errors",
        "atomic",
        "part",
        "export",
        "plain_data",
        "model_card",
        "settings",
        "ecg",
        "concepts",
        "model",
    },
    "api": {"errors", "export", "settings", "ecg", "concepts", "inference"},
    "evaluation": {
        "errors",
        "resources",
        "atomic",
        "export",
        "plain_data",
        "model_card",
        "concepts",
        "datasets",
        "inference",
    },
    "training": {
        "errors",
        "progress",
        "atomic",
        "concepts",
        "datasets",
        "composed",
        "model",
        "inference",
        "evaluation",
    },
    "experiments": EVERYTHING
    - {"api", "database", "settings", "audit", "paper", "experiments", "administration", "service", "web"},
    "administration": {"errors", "atomic", "database", "audit", "jobs", "concepts"},
    "service": {"errors", "export", "ecg", "inference", "api"},
    "__main__": {"resources"},
    "web": EVERYTHING - {"model", "configfile", "administration", "service", "web"},
    "pages": {"errors", "settings", "audit", "ecg", "reports", "concepts", "inference", "evaluation", "jobs", "web"},
    "app.py": {"errors", "resources", "audit", "ecg", "reports", "concepts", "inference", "evaluation", "jobs", "web"},
    "pipelines": EVERYTHING - {"web"},
}
"""Room -> the other rooms it may import, ordered so that every room stands below those it imports."""

HOMES: dict[str, tuple[str, ...]] = {
    "accelerate": ("suprem/training/distributed.py",),
    "plotly": ("suprem/web/", "pages/"),
    "pydicom": ("suprem/ecg/", "suprem/inference/dicom_report.py"),
    "sentence_transformers": ("suprem/concepts/embed.py",),
    "psutil": ("suprem/jobs/",),
    "sqlalchemy": (
        "suprem/database.py",
        "suprem/reports/",
        "suprem/audit/",
        "suprem/concepts/",
        "suprem/jobs/",
        "suprem/administration/",
    ),
    "starlette": ("app.py", "suprem/service/", "suprem/web/"),
    "prometheus_client": ("suprem/service/routes.py",),
    "uvicorn": ("pipelines/serve.py",),
    "streamlit": ("app.py", "suprem/web/", "pages/", "pipelines/app.py", "pipelines/speed/rerun.py"),
    "subprocess": (
        "suprem/jobs/",
        "suprem/ecg/formats/read_apart.py",
        "pipelines/provenance.py",
        "pipelines/running.py",
        "pipelines/launch.py",
        "pipelines/slurm.py",
        "pipelines/array.py",
    ),
    "torch": (
        "suprem/model/",
        "suprem/concepts/embed.py",
        "suprem/inference/",
        "suprem/training/",
        "suprem/experiments/",
        "pipelines/",
    ),
    "torch.distributed": ("suprem/training/",),
    "transformers": ("suprem/concepts/embed.py",),
    "pypdf": ("suprem/ecg/formats/pdf_reader.py",),
    "requests": ("suprem/datasets/download.py",),
    "defusedxml": ("suprem/ecg/formats/xml_tree.py",),
    "edfio": ("suprem/ecg/formats/edf_reader.py",),
    "h5py": ("suprem/ecg/formats/hdf5_reader.py",),
    "openpyxl": ("suprem/ecg/formats/excel_reader.py",),
    "matplotlib": ("suprem/paper/",),
    "submitit": ("pipelines/slurm.py",),
    "wfdb": ("suprem/ecg/",),
    "wordcloud": ("suprem/web/report_entities/word_cloud.py",),
}
"""Library -> the only places that import it."""

ONLY: dict[tuple[str, str], set[str]] = {
    ("web", "training"): {"suprem.training.config"},
    ("web", "experiments"): {"suprem.experiments.configurations"},
}
"""Two rooms -> the modules of the second that the first may import, of rooms that load torch."""

NEVER: dict[str, set[str]] = {
    "pages/": {"os", "pandas", "pipelines", "sqlite3"},
    "app.py": {"pandas", "pipelines", "sqlite3"},
    "suprem/": {"pipelines", "pages", "app", "argparse"},
}
"""Place -> what it never imports, besides what `HOMES` keeps elsewhere."""

ENVIRONMENT_READERS = {"suprem/settings.py", "suprem/training/distributed.py", "suprem/jobs/processes.py"}
NOT_ON_WINDOWS = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "core"}


def imported_modules(tree: ast.AST, path: str) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, anywhere in it, relative and type-checking imports too."""
    package = Path(path).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(path: str) -> str:
    """Return the room of a file: suprem/ecg/record.py -> ecg, suprem/errors.py -> errors, pages/x.py -> pages."""
    parts = Path(path).parts
    return Path(parts[1]).stem if parts[0] == "suprem" else parts[0]


def imports_of_wrong_rooms(tree: ast.AST, path: str) -> Iterator[str]:
    room = room_of(path)
    if room == "__init__":
        allowed: set[str] = {"api"} if path == "suprem/__init__.py" else set()
    elif room not in ROOMS:
        yield f"the room {room} is not in the table"
        return
    else:
        allowed = ROOMS[room] | {room}
    for module in imported_modules(tree, path):
        parts = module.split(".")
        if parts[0] == "suprem" and parts[1:2] != ["__version__"] and not allowed.issuperset(parts[1:2]):
            yield f"{room} may not import {module}"
        within = ONLY.get((room, parts[1])) if parts[0] == "suprem" and len(parts) > 1 else None
        if within is not None and not any(is_within(module, name) for name in within):
            yield f"{room} may import of {parts[1]} only {', '.join(sorted(within))}"


def imports_of_libraries_from_elsewhere(tree: ast.AST, path: str) -> Iterator[str]:
    for module in imported_modules(tree, path):
        for library, homes in HOMES.items():
            if is_within(module, library) and not path.startswith(homes):
                yield f"{module} belongs in {' and '.join(homes)}"
        for place, banned in NEVER.items():
            if path.startswith(place) and any(is_within(module, name) for name in banned):
                yield f"{module} is never imported in {place}"


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def reads_of_the_environment(tree: ast.AST, path: str) -> Iterator[str]:
    names = {"environ", "getenv", "environb", "getenvb", "putenv"}
    for node in ast.walk(tree):
        attribute = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        if attribute and node.attr in names and path not in ENVIRONMENT_READERS:
            yield f"os.{node.attr} is read in settings.py only"
    for module in imported_modules(tree, path):
        if module in {f"os.{name}" for name in names} and path not in ENVIRONMENT_READERS:
            yield f"{module} is read in settings.py only"


def prints_and_exits(tree: ast.AST, path: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and path.startswith("suprem/")
            and ast.unparse(node.func) in {"print", "sys.exit"}
        ):
            yield f"line {node.lineno}: the package returns or raises, it does not {ast.unparse(node.func)}"


def imports_that_windows_lacks(tree: ast.Module, path: str) -> Iterator[str]:
    if path.startswith("suprem/jobs/"):
        return
    at_top = ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
    for module in imported_modules(at_top, path):
        if module.split(".")[0] in NOT_ON_WINDOWS:
            yield f"{module} is not there on Windows, where all but jobs works"


def vague_names(tree: ast.AST, path: str) -> Iterator[str]:
    for part in Path(path).with_suffix("").parts:
        if part in VAGUE_NAMES:
            yield f"{part!r} says what a module is for, not what it is about"


RULES: list[Callable[[ast.Module, str], Iterator[str]]] = [
    imports_of_wrong_rooms,
    imports_of_libraries_from_elsewhere,
    reads_of_the_environment,
    prints_and_exits,
    imports_that_windows_lacks,
    vague_names,
]


def source_files() -> list[str]:
    found = [
        ROOT / "app.py",
        *(file for room in ("suprem", "pages", "pipelines") for file in (ROOT / room).rglob("*.py")),
    ]
    return sorted(file.relative_to(ROOT).as_posix() for file in found if file.exists())


@pytest.mark.parametrize("path", source_files())
def test_a_file_keeps_the_rules_of_the_house(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert [problem for rule in RULES for problem in rule(tree, path)] == []


OF_SEVERAL_MODULES = {
    "tests/concepts/test_calibration.py",
    "tests/ecg/formats/test_export_variants.py",
    "tests/ecg/formats/test_hospital_formats.py",
    "tests/ecg/formats/test_table_habits.py",
    "tests/ecg/formats/test_vendor_formats.py",
    "tests/ecg/test_identifiers.py",
    "tests/jobs/test_jobs.py",
    "tests/reports/test_linear_patterns.py",
    "tests/web/test_login_provider.py",
}
"""Tests of what the modules of a room do together."""


def test_a_test_lies_where_its_module_does() -> None:
    beside = {"browser", "deploy", "docs", "pages", "pipelines"}  # these mirror what stands beside `suprem`
    files = [file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py") if len(file.parts) > 2]
    inner = [file for file in files if len(file.parts) > 2 and file.parts[1] not in beside]
    astray = {
        file.as_posix()
        for file in inner
        if not (ROOT / "suprem" / Path(*file.parts[1:-1]) / file.name.removeprefix("test_")).is_file()
    }
    assert len(inner) > 100
    assert astray <= OF_SEVERAL_MODULES, f"no module of suprem has the place of {sorted(astray - OF_SEVERAL_MODULES)}"


def test_a_command_is_thin() -> None:
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in (ROOT / "pipelines").glob("*.py")}
    assert {name: count for name, count in lines.items() if count > 200} == {}


MAX_LINES = 350
READ_WHOLE = {
    "suprem/concepts/mapping/mapping.py": "one algorithm, from names to clusters to concepts, with the table it writes",
    "suprem/ecg/checks/quality.py": "every check of the gate, in the order in which its findings are shown",
}
"""Longer files of the package that read better whole, and why; docs/architecture.md names them, too."""


def test_a_module_fits_on_a_few_screens() -> None:
    lines = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in source_files()}
    long = {path for path, count in lines.items() if path.startswith("suprem/") and count > MAX_LINES}
    assert long <= READ_WHOLE.keys(), f"{sorted(long - READ_WHOLE.keys())}: split it, or say why it reads better whole"
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"`{path}`" in document for path in READ_WHOLE)


def test_all_rooms_are_searched() -> None:
    assert {"suprem", "pipelines"} <= {path.split("/")[0] for path in source_files()}
    assert {room_of(path) for path in source_files()} <= ROOMS.keys() | {"__init__"}


def test_imports_go_one_way() -> None:
    above: set[str] = set()
    for room, allowed in ROOMS.items():
        assert allowed <= above, f"{room} imports a room that stands below it"
        above.add(room)


@pytest.mark.parametrize(
    ("path", "source", "problem"),
    [
        ("suprem/ecg/formats/readers.py", "from suprem.model import config", "ecg may not import suprem.model.config"),
        ("suprem/ecg/formats/readers.py", "from suprem import model", "ecg may not import suprem.model"),
        ("suprem/ecg/record.py", "from ..model.config import X", "ecg may not import suprem.model.config.X"),
        ("suprem/ecg/record.py", "from .. import model", "ecg may not import suprem.model"),
        ("suprem/ecg/formats/readers.py", "if TYPE_CHECKING:\n import suprem.web", "ecg may not import suprem.web"),
        ("suprem/ecg/formats/readers.py", "def f():\n from suprem.web import x", "ecg may not import suprem.web.x"),
        ("suprem/errors.py", "import suprem.ecg.record", "errors may not import suprem.ecg.record"),
        (
            "suprem/__init__.py",
            "from suprem.ecg.record import LEADS",
            "__init__ may not import suprem.ecg.record.LEADS",
        ),
        ("suprem/radio/x.py", "", "the room radio is not in the table"),
        ("suprem/web/x.py", "import suprem.training.loop", "web may import of training only suprem.training.config"),
        ("pages/1_Read.py", "import suprem.training.loop", "pages may not import suprem.training.loop"),
        ("pipelines/score.py", "import suprem.web.frame", "pipelines may not import suprem.web.frame"),
        ("pages/1_Read.py", "import os", "os is never imported in pages/"),
        ("pages/1_Read.py", "from pandas import DataFrame", "pandas.DataFrame is never imported in pages/"),
        ("suprem/ecg/formats/readers.py", "import pipelines.stage", "pipelines.stage is never imported in suprem/"),
        ("suprem/datasets/ptbxl.py", "import wfdb", "wfdb belongs in suprem/ecg/"),
        ("suprem/model/text.py", "import transformers.utils", "transformers.utils belongs in suprem/concepts/embed.py"),
        ("suprem/ecg/formats/readers.py", "def f():\n import torch", "torch belongs in suprem/model/"),
        ("suprem/inference/x.py", "from torch import distributed", "torch.distributed belongs in suprem/training/"),
        ("suprem/ecg/formats/readers.py", "import os\nos.environ['X']", "os.environ is read in settings.py only"),
        ("pipelines/score.py", "from os import getenv", "os.getenv is read in settings.py only"),
        ("suprem/ecg/formats/readers.py", "print(1)", "line 1: the package returns or raises, it does not print"),
        (
            "suprem/ecg/formats/readers.py",
            "import sys\nsys.exit(2)",
            "line 2: the package returns or raises, it does not sys.exit",
        ),
        ("pipelines/score.py", "import resource", "resource is not there on Windows"),
        ("suprem/ecg/utils.py", "", "'utils' says what a module is for, not what it is about"),
        ("suprem/common/x.py", "", "'common' says what a module is for, not what it is about"),
    ],
)
def test_a_breach_is_found(path: str, source: str, problem: str) -> None:
    problems = [found for rule in RULES for found in rule(ast.parse(source), path)]
    assert any(found.startswith(problem) for found in problems), problems


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "suprem/ecg/formats/readers.py",
            "import os, wfdb, numpy\nfrom suprem.errors import EcgError\nfrom suprem.ecg import record",
        ),
        ("suprem/settings.py", "import os\nos.environ.get('X')"),
        ("pipelines/provenance.py", "import subprocess\nfrom suprem import __version__\nprint(__version__)"),
        ("suprem/ecg/baseline.py", "from .record import EcgRecord"),
    ],
)
def test_what_is_allowed_is_not_reported(path: str, source: str) -> None:
    assert [found for rule in RULES for found in rule(ast.parse(source), path)] == []


LIGHT_ROOMS = ("ecg", "paper", "reports", "jobs")


def heavy_modules_after(statement: str) -> str:
    """Return which of torch and streamlit a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sorted({{'torch', 'streamlit'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_light_rooms_load_neither_torch_nor_streamlit() -> None:
    paths = [path for path in source_files() if path.startswith("suprem/") and room_of(path) in LIGHT_ROOMS]
    modules = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
    assert "suprem.ecg.record" in modules
    handed_to_pages = sorted(set().union(*ONLY.values()))
    assert heavy_modules_after(f"import {', '.join([*modules, *handed_to_pages])}") == ""


def test_a_heavy_import_would_be_seen() -> None:
    assert heavy_modules_after("sys.modules['streamlit'] = sys") == "streamlit"


def rooms_as_markdown() -> str:
    rows = ["| room | may import from suprem |", "|---|---|"]
    for room, allowed in ROOMS.items():
        missing = sorted(EVERYTHING - allowed - {room}, key=list(ROOMS).index)
        short = f"everything except {', '.join(missing)}" if room in ("web", "pipelines") else ""
        rows.append(f"| {room} | {short or ', '.join(sorted(allowed, key=list(ROOMS).index)) or '-'} |")
    return "\n".join(rows)


def homes_as_markdown() -> str:
    rows = ["| library | imported only in |", "|---|---|"]
    return "\n".join(rows + [f"| {library} | {', '.join(homes)} |" for library, homes in HOMES.items()])


@pytest.mark.parametrize("table", [rooms_as_markdown(), homes_as_markdown()], ids=["rooms", "libraries"])
def test_the_architecture_document_shows_these_tables(table: str) -> None:
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert table in document, f"docs/architecture.md should hold:\n\n{table}"
