"""A cohort's folder: grows part by part, is gone on with, and tells which ECGs are alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suprem.ecg.formats.table import TableFormat
from suprem.errors import CohortError
from suprem.inference.cohort import (
    Cohort,
    Plan,
    QualityVerdict,
    ScoredRecord,
    add_part,
    begin,
    finish,
    has_begun,
    list_cohorts,
)
from suprem.inference.reference_bank import ReferenceBank

PLAN = Plan(
    source=Path("/recordings"),
    files=("a.hea", "b.xml", "c/d.dcm", "e.csv"),
    queries=("AF", "LBBB"),
    support=("trained", "near"),
    checkpoint="5c8686bc36ac",
    table=TableFormat(500.0, "uV", ("I", "II")),
)
GOOD = ScoredRecord(QualityVerdict.GOOD, "", np.array([0.0, 2.0], np.float32), np.array([1.0, 0.0, 5.0], np.float32))
LIKE = ScoredRecord(
    QualityVerdict.CHECK,
    "Noise.",
    np.array([1.0, -2.0], np.float32),
    np.array([1.1, 0.1, 5.0], np.float32),
    quality=0.625,
    notes="No unit is stated.",
)
OTHER = ScoredRecord(QualityVerdict.GOOD, "", np.array([-1.0, 0.0], np.float32), np.array([-3.0, 0.5, 5.0], np.float32))
UNREADABLE = ScoredRecord(QualityVerdict.UNREADABLE, "The file is empty.")


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    begun = begin(tmp_path / "one", PLAN)
    assert (begun.done, begun.finished) == (0, False)
    add_part(begun, [GOOD, UNREADABLE], width=3)
    add_part(begun, [LIKE, OTHER], width=3)
    return finish(begun.folder, {})


def test_what_was_written_is_read_again(cohort: Cohort) -> None:
    assert (cohort.plan, cohort.done, cohort.finished) == (PLAN, 4, True)
    assert cohort.verdicts == (
        QualityVerdict.GOOD,
        QualityVerdict.UNREADABLE,
        QualityVerdict.CHECK,
        QualityVerdict.GOOD,
    )
    assert cohort.messages == ("", "The file is empty.", "Noise.", "")
    assert np.array_equal(cohort.quality, [np.nan, np.nan, 0.625, np.nan], equal_nan=True)
    assert cohort.notes == ("", "", "No unit is stated.", "")
    assert cohort.scored.tolist() == [True, False, True, True]
    assert cohort.scores[0].tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert cohort.count() == {"good": 2, "unreadable": 1, "check": 1}
    assert cohort.path(2) == Path("/recordings/c/d.dcm")


def test_a_part_of_an_earlier_version_has_neither_grade_nor_notes(cohort: Cohort) -> None:
    for path in (cohort.folder / "parts").glob("*.npz"):
        with np.load(path) as file:
            known = {name: file[name] for name in file.files if name in ("verdicts", "messages", "logits", "features")}
        np.savez_compressed(path, **known)
    again = Cohort.open(cohort.folder)
    assert again.messages == cohort.messages
    assert np.isnan(again.quality).all()
    assert again.notes == ("", "", "", "")


def test_ranks_begin_with_the_highest_score_and_leave_out_what_has_none(cohort: Cohort) -> None:
    assert cohort.ranks(0).tolist() == [2, 0, 1, 3]
    assert cohort.ranks(1).tolist() == [1, 0, 3, 2]


def test_each_scored_ecg_is_placed_by_the_bank_of_its_checkpoint(cohort: Cohort) -> None:
    rng = np.random.default_rng(0)
    near = (np.array([1.0, 0.0, 5.0]) + 0.1 * rng.normal(size=(300, 3))).astype(np.float32)
    bank = ReferenceBank.of(near, [str(number) for number in range(300)], "test")
    assert [str(one) for one in cohort.likeness(bank)] == ["like", "unknown", "like", "unlike"]
    assert {str(one) for one in cohort.likeness(None)} == {"unknown"}


def test_the_nearest_is_the_one_whose_features_point_the_same_way(cohort: Cohort) -> None:
    (first, likeness), (second, less) = cohort.nearest(0, cohort, 5)
    assert (first, second) == (2, 3)
    assert likeness > 0.9 > less
    assert cohort.nearest(1, cohort, 5) == []
    assert len(cohort.nearest(0, cohort, 1)) == 1


def test_neighbours_come_from_another_cohort_of_the_same_model_only(cohort: Cohort, tmp_path: Path) -> None:
    other = begin(tmp_path / "two", PLAN)
    add_part(other, [OTHER, GOOD], width=3)
    found = cohort.nearest(0, Cohort.open(other.folder), 5)
    assert found[0] == (1, pytest.approx(1.0))
    stranger = begin(tmp_path / "three", replace(PLAN, checkpoint="another"))
    with pytest.raises(CohortError, match="different models"):
        cohort.nearest(0, stranger, 5)


def test_a_cohort_goes_on_with_its_own_plan_only(cohort: Cohort) -> None:
    assert begin(cohort.folder, replace(PLAN, files=(*PLAN.files, "late.hea"))).plan == PLAN
    for name, value in {"queries": ("AF",), "checkpoint": "x", "table": TableFormat()}.items():
        with pytest.raises(CohortError, match=f"other {name}"):
            begin(cohort.folder, replace(PLAN, **{name: value}))


def test_what_is_no_cohort_or_is_damaged_is_said(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="holds no cohort"):
        Cohort.open(tmp_path)
    (cohort.folder / "parts" / "000000.npz").write_bytes(b"PK")
    with pytest.raises(CohortError, match="damaged"):
        Cohort.open(cohort.folder)


def test_a_part_that_was_not_finished_does_not_count(cohort: Cohort) -> None:
    (cohort.folder / "parts" / "000002.npz.tmp").write_bytes(b"half")
    assert Cohort.open(cohort.folder).done == 4


def test_cohorts_are_listed_also_before_they_have_begun(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "waiting").mkdir()
    assert {folder.name: has_begun(folder) for folder in list_cohorts(tmp_path)} == {"one": True, "waiting": False}
    assert list_cohorts(tmp_path / "nowhere") == []


def test_a_cohort_that_is_deleted_while_they_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone", "kept", ".being-deleted"):
        (tmp_path / name).mkdir()
    looked, stat = [], Path.stat

    def vanishing(path: Path, **options: Any) -> Any:
        looked.append(path.name)
        if looked.count("gone") > 1 and path.name == "gone":
            raise FileNotFoundError(path.name)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert [folder.name for folder in list_cohorts(tmp_path)] == ["kept"]
