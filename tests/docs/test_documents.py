"""Documents keep their promises: no placeholder, no broken link, no file that is not there, no decision missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docs.generate.experiment_log import slug

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".venv", "artifacts", "node_modules"}

PLACEHOLDER = re.compile(r"\b(FIGURES?|TODO|TBD|FIXME|XXX|TKTK)\b|\?\?\?|<fill|lorem ipsum")
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?= |$)", re.MULTILINE)
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"`(?P<code>[^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (?P<text>.+?)\s*$", re.MULTILINE)
PLACES = ("app.py", "assets/", "docs/", "pages/", "pipelines/", "suprem/", "tests/")
"""What a path of the repository begins with."""
BUILT = ("suprem/studio",)
"""There in an installed package only."""
DIARY = "docs/log/"
"""Entries of the log speak of what was there on their day."""


def documents() -> list[str]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if not SKIPPED & set(path.parts))


def without_code(text: str) -> str:
    return CODE.sub("", FENCE.sub("", text))


def placeholders(text: str, _path: str) -> Iterator[str]:
    for found in PLACEHOLDER.finditer(without_code(text)):
        yield f"{found[0]!r} was left to be filled in"


def unmerged(text: str, _path: str) -> Iterator[str]:
    for found in CONFLICT.finditer(text):
        yield f"{found[0]!r} was left by a merge"


def broken_links(text: str, path: str) -> Iterator[str]:
    for found in LINK.finditer(without_code(text)):
        target, _, anchor = found["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (ROOT / path).parent / target if target else ROOT / path
        if not file.exists():
            yield f"{found['target']} leads nowhere"
        elif not file.resolve().is_relative_to(ROOT):
            yield f"{found['target']} leads out of the repository"
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{found['target']} has no such heading"


def anchors(text: str) -> set[str]:
    return {slug(heading["text"]) for heading in HEADING.finditer(FENCE.sub("", text))}


def stale_paths(text: str, path: str) -> Iterator[str]:
    """Yield the files that a document names and that are not there, in code and in tables."""
    if path.startswith(DIARY):
        return
    named = {word.strip(",;:()") for code in CODE.finditer(FENCE.sub("", text)) for word in code["code"].split()}
    named |= {word.strip("`,;:().") for word in re.split(r"[\s|\[\]]", FENCE.sub("", text)) if "/" in word}
    for name in sorted(named):
        if not name.startswith(PLACES) or name.startswith(BUILT) or re.search(r"[*<>{}$=]|[A-Z]{4,}\b", name):
            continue
        if not (ROOT / name.partition("#")[0]).exists():
            yield f"{name} does not exist"


def stale_commands(text: str, _path: str) -> Iterator[str]:
    """Yield the commands that a document names and that are not there."""
    for name in sorted(set(re.findall(r"-m (pipelines\.[a-z]\w*)", text))):
        if not (ROOT / f"{name.replace('.', '/')}.py").exists():
            yield f"{name} does not exist"


Check = Callable[[str, str], Iterator[str]]
CHECKS: list[Check] = [placeholders, unmerged, broken_links, stale_paths, stale_commands]


@pytest.mark.parametrize("path", documents())
def test_a_document_keeps_its_promises(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert [problem for check in CHECKS for problem in check(text, path)] == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("measured: FIGURES", "'FIGURES' was left"),
        ("TODO: say more", "'TODO' was left"),
        ("one\n<<<<<<< HEAD\ntwo", "'<<<<<<<' was left by a merge"),
        ("see [this](nowhere.md)", "nowhere.md leads nowhere"),
        ("see [this](README.md#no-such-part)", "README.md#no-such-part has no such heading"),
        ("see [this](../../etc)", "../../etc leads"),
        ("`suprem/ecg/radio.py` reads it", "suprem/ecg/radio.py does not exist"),
        ("| sqlalchemy | suprem/radio/, pages/ |", "suprem/radio/ does not exist"),
        ("run `python -m pipelines.radio --help`", "pipelines.radio does not exist"),
    ],
)
def test_a_broken_promise_is_found(source: str, problem: str) -> None:
    problems = [found for check in CHECKS for found in check(source, "README.md")]
    assert any(found.startswith(problem) for found in problems), problems


@pytest.mark.parametrize(
    "source",
    ["Figures are below", "`TODO` is a word of code", "[here](README.md#limits)", "[paper](https://arxiv.org/abs/1)",
     "`suprem/errors.py`", "`pipelines/configs/*.toml`", "`docs/<month>.md`"],
)  # fmt: skip
def test_what_is_right_is_not_reported(source: str) -> None:
    assert [found for check in CHECKS for found in check(source, "README.md")] == []


def decisions() -> dict[int, str]:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    return {int(name[:4]): name for name in names if name[:4].isdigit()}


def test_decisions_are_numbered_without_gaps() -> None:
    names = [path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert sorted(int(name[:4]) for name in names) == list(range(1, len(names) + 1))


@pytest.mark.parametrize("number", sorted(decisions()))
def test_a_decision_begins_with_its_number(number: int) -> None:
    first = (ROOT / "docs" / "decisions" / decisions()[number]).read_text(encoding="utf-8").splitlines()[0]
    assert re.match(rf"# {number:04d}:? \S", first), first


def test_decisions_that_are_named_exist() -> None:
    known = decisions()
    for path in documents():
        text = without_code((ROOT / path).read_text(encoding="utf-8"))
        named = {int(found) for found in re.findall(r"(?:decisions?|\() ?\[?(00\d\d)\b", text)}
        assert named <= known.keys(), path


def test_the_map_names_central_things_that_exist() -> None:
    """Each backticked name of the table of central names is a class or a function of the room beside it."""
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## The central names")[2]
    rows = re.findall(r"^\| (?P<names>`[^|]+`) \| (?P<rooms>[^|]+) \|", table.partition("\n## ")[0], re.MULTILINE)
    assert len(rows) > 20
    missing = []
    for names, rooms in rows:
        for name, room in zip(names.split(", "), rooms_of(names, rooms), strict=True):
            if not defines(room.strip(), name.strip("`")):
                missing.append(f"{name} in {room.strip()}")
    assert missing == []


def rooms_of(names: str, rooms: str) -> list[str]:
    """Return one room a name: either one stands for all, or there are as many."""
    found = rooms.split(",")
    return found * len(names.split(", ")) if len(found) == 1 else found


def defines(room: str, name: str) -> bool:
    place = ROOT / "suprem" / room.replace(".", "/")
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    pattern = re.compile(rf"^(?:class|def) {name}\b|^{name}\b.*=", re.MULTILINE)
    return any(pattern.search(file.read_text(encoding="utf-8")) for file in files if file.exists())


def test_the_readme_stays_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120, "Details belong into docs/guide."
