from __future__ import annotations

import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suprem.concepts.review.store import Decision, Equivalence, ReviewStore, Status
from suprem.errors import ConceptError, ConfigError, ReviewConflict

ROOT = Path(__file__).resolve().parents[3]
APPROVED, FLAGGED, NO_TARGET, UNREVIEWED = Status
VERSION = "0123456789abcdef"


def approve(store: ReviewStore, entity: str, reviewer: str, code: str = "LVH") -> Decision:
    return store.decide(VERSION, entity, reviewer, status=APPROVED, code=code)


def test_a_decision_is_kept_with_who_and_when(store: ReviewStore, review_url: str) -> None:
    made = store.decide(
        VERSION, "lvh", "Anna", status=APPROVED, code="LVH", equivalence=Equivalence.EQUAL, comment="sûr\nja"
    )
    again = ReviewStore.open(review_url)
    assert again.current(VERSION, "Anna") == {"lvh": made}
    assert again.audit.rows()[0].actor == "Anna"
    again.close()
    assert (made.status, made.code, made.equivalence, made.comment) == (APPROVED, "LVH", "equal", "sûr\nja")
    assert made.decided_at.endswith("+00:00")
    assert made.replaces is None


def test_the_newest_decision_counts_and_the_older_one_is_history(store: ReviewStore) -> None:
    first = approve(store, "lvh", "Anna")
    second = store.decide(VERSION, "lvh", "Anna", status=FLAGGED, comment="voltage only?")
    assert store.current(VERSION, "Anna") == {"lvh": second}
    assert second.replaces == first.number
    assert store.history(VERSION, "lvh") == [first, second]


def test_nothing_sticks_from_the_decision_before(store: ReviewStore) -> None:
    """In Usagi the last equivalence stuck to the next row, and wrong ones were approved unseen."""
    store.decide(VERSION, "lvh", "Anna", status=APPROVED, code="LVH", equivalence=Equivalence.WIDER, comment="x")
    later = approve(store, "lvh", "Anna")
    assert (later.equivalence, later.comment) == (None, "")


def test_reviewers_and_versions_do_not_meet(store: ReviewStore) -> None:
    approve(store, "lvh", "Anna")
    store.decide(VERSION, "lvh", "Ben", status=NO_TARGET)
    store.decide("other", "lvh", "Anna", status=FLAGGED)
    assert store.current(VERSION, "Anna")["lvh"].status is APPROVED
    assert store.current(VERSION, "Ben")["lvh"].status is NO_TARGET
    assert store.current("other", "Anna")["lvh"].status is FLAGGED
    assert [decision.reviewer for decision in store.current(VERSION)] == ["Anna", "Ben"]
    assert store.current(VERSION, "Carl") == {}


def test_a_stale_tab_is_told_and_changes_nothing(store: ReviewStore) -> None:
    seen = store.decide(VERSION, "lvh", "Anna", status=APPROVED, code="LVH", expected=None)
    newer = store.decide(VERSION, "lvh", "Anna", status=FLAGGED, expected=seen.number)
    for stale in (None, seen.number):
        with pytest.raises(ReviewConflict, match="another tab"):
            store.decide(VERSION, "lvh", "Anna", status=NO_TARGET, expected=stale)
    assert store.current(VERSION, "Anna") == {"lvh": newer}
    assert store.audit.head().number == newer.number
    store.decide(VERSION, "lvh", "Ben", status=NO_TARGET, expected=None)  # another reviewer's decision is no conflict


def test_a_row_whose_decision_was_undone_counts_as_not_seen(store: ReviewStore) -> None:
    approve(store, "lvh", "Anna")
    store.undo(VERSION, "Anna")
    store.decide(VERSION, "lvh", "Anna", status=FLAGGED, expected=None)
    assert store.current(VERSION, "Anna")["lvh"].status is FLAGGED


def test_undo_goes_back_step_by_step_and_deletes_nothing(store: ReviewStore) -> None:
    first = approve(store, "lvh", "Anna")
    approve(store, "stemi", "Ben", "MI")
    approve(store, "af", "Anna", "AFIB")
    store.decide(VERSION, "lvh", "Anna", status=FLAGGED)
    restored = store.undo(VERSION, "Anna")
    assert restored is not None
    assert (restored.entity, restored.status, restored.code) == ("lvh", APPROVED, first.code)
    taken_back = store.undo(VERSION, "Anna")
    assert taken_back is not None
    assert (taken_back.entity, taken_back.status) == ("af", UNREVIEWED)
    assert store.current(VERSION, "Anna").keys() == {"lvh"}
    assert store.undo(VERSION, "Anna") is not None
    assert store.undo(VERSION, "Anna") is None
    assert store.current(VERSION, "Anna") == {}
    assert store.current(VERSION, "Ben").keys() == {"stemi"}
    assert len(store.history(VERSION, "lvh")) == 4
    assert store.verify() is None


def test_any_sequence_of_decisions_and_undos_is_that_of_an_editor(store: ReviewStore) -> None:
    generator = random.Random(7)
    past: list[dict[str, str]] = [{}]
    for step in range(60):
        if generator.random() < 0.4:
            undone = store.undo(VERSION, "Anna")
            assert (undone is None) == (len(past) == 1)
            past = past[:-1] or past
        else:
            entity = generator.choice("abc")
            approve(store, entity, "Anna", f"C{step}")
            past.append({**past[-1], entity: f"C{step}"})
        assert {name: made.code for name, made in store.current(VERSION, "Anna").items()} == past[-1]
    assert store.verify() is None


def test_decisions_are_carried_over_without_overwriting(store: ReviewStore) -> None:
    approve(store, "lvh", "Anna")
    store.decide(VERSION, "af", "Anna", status=FLAGGED, comment="which?")
    approve(store, "mi", "Anna", "MI")
    approve(store, "gone", "Anna", "X")
    approve(store, "lvh", "Ben", "OTHER")
    store.decide("next", "af", "Anna", status=NO_TARGET)
    approved = store.decide("next", "mi", "Anna", status=FLAGGED)
    store.undo("next", "Anna")  # a decision that was taken back does not stand in the way
    assert store.carry_over(VERSION, "next", ["lvh", "af", "mi", "unknown", "lvh"], "Anna") == 2
    carried = store.current("next", "Anna")
    assert {name: (made.status, made.code) for name, made in carried.items()} == {
        "lvh": (APPROVED, "LVH"),
        "mi": (APPROVED, "MI"),
        "af": (NO_TARGET, ""),
    }
    assert carried["mi"].number > approved.number
    assert store.current("next", "Ben") == {}
    assert store.carry_over(VERSION, "next", ["lvh", "af", "mi"], "Anna") == 0
    assert store.verify() is None


def test_agreement_is_approved_and_disagreement_is_listed_until_adjudicated(store: ReviewStore) -> None:
    for reviewer in ("Anna", "Ben"):
        approve(store, "same", reviewer)
        store.decide(VERSION, "none", reviewer, status=NO_TARGET)
        store.decide(VERSION, "flag", reviewer, status=FLAGGED)
    approve(store, "alone", "Anna", "AFIB")
    approve(store, "differ", "Anna", "IMI")
    approve(store, "differ", "Ben", "AMI")
    assert store.approved(VERSION) == {"same": "LVH", "none": "", "alone": "AFIB"}
    assert store.disagreements(VERSION).keys() == {"differ"}
    store.adjudicate(VERSION, "differ", "Carl", status=APPROVED, code="ASMI")
    store.adjudicate(VERSION, "flag", "Carl", status=NO_TARGET)
    assert store.approved(VERSION) == {"same": "LVH", "none": "", "alone": "AFIB", "differ": "ASMI", "flag": ""}
    assert store.disagreements(VERSION) == {}
    assert store.current(VERSION, "Anna")["differ"].code == "IMI"
    agreement = store.agreement(VERSION, "Anna", "Ben")
    assert (agreement.rows, agreement.same, agreement.observed) == (4, 3, 0.75)


def test_an_adjudication_is_undone_by_who_made_it_while_it_holds(store: ReviewStore) -> None:
    approve(store, "differ", "Anna", "IMI")
    approve(store, "differ", "Ben", "AMI")
    store.adjudicate(VERSION, "differ", "Carl", status=APPROVED, code="ASMI")
    store.adjudicate(VERSION, "differ", "Dora", status=NO_TARGET)
    with pytest.raises(ReviewConflict, match="Somebody else"):
        store.undo(VERSION, "Carl")
    store.undo(VERSION, "Dora")
    assert store.adjudications(VERSION)["differ"].code == "ASMI"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entity": "x" * 201}, "entity has 201 characters; expected at most 200"),
        ({"entity": " "}, "entity is empty"),
        ({"entity": "a\x00b"}, "cannot be printed"),
        ({"reviewer": ""}, "reviewer's name is empty"),
        ({"comment": "x" * 1001}, "comment has 1,001 characters"),
        ({"comment": "\ud800"}, "cannot be printed"),
        ({"code": ""}, "needs the code"),
        ({"status": NO_TARGET}, "neither code nor equivalence"),
        ({"status": UNREVIEWED, "code": "", "equivalence": Equivalence.EQUAL}, "neither code nor equivalence"),
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, str], message: str, store: ReviewStore) -> None:
    values = {"version": VERSION, "entity": "lvh", "reviewer": "Anna", "status": APPROVED, "code": "LVH", **change}
    with pytest.raises(ConceptError, match=message):
        store.decide(**values)
    assert store.audit.head().number == 0


def test_an_adjudication_cannot_flag(store: ReviewStore) -> None:
    with pytest.raises(ConceptError, match="cannot flag"):
        store.adjudicate(VERSION, "lvh", "Carl", status=FLAGGED)


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("pg8000")
    with pytest.raises(ConceptError, match="its server runs") as caught:
        ReviewStore.open(f"postgresql+pg8000://anna:secret@/x?unix_sock={tmp_path}/none")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        ReviewStore.open("postgres//anna:secret@host")
    assert "secret" not in str(refused.value)


def test_a_locked_database_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suprem.database.BUSY_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    holder, store = ReviewStore.open(url), ReviewStore.open(url)
    with holder._engine.connect().execution_options(suprem_writes=True) as connection, connection.begin():
        with pytest.raises(ConceptError, match="did not answer"):
            approve(store, "lvh", "Anna")
        assert store.current(VERSION) == []  # readers do not wait for a writer
    approve(store, "lvh", "Anna")
    holder.close()
    store.close()


def test_reviewers_at_work_on_one_row_lose_nothing(store: ReviewStore) -> None:
    def work(reviewer: str) -> list[int]:
        return [approve(store, "lvh", reviewer, f"C{step}").number for step in range(10)]

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for made in pool.map(work, "ABCD") for number in made]
    assert sorted(numbers) == list(range(1, 41))
    assert {made.reviewer: made.code for made in store.current(VERSION)} == dict.fromkeys("ABCD", "C9")
    assert store.verify() is None


def test_of_two_tabs_that_decide_at_once_only_one_wins(store: ReviewStore) -> None:
    def work(code: str) -> bool:
        try:
            store.decide(VERSION, "lvh", "Anna", status=APPROVED, code=code, expected=None)
        except ReviewConflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, "ABCD")) == 1
    assert len(store.history(VERSION, "lvh")) == 1


WRITER = f"""
import sys
from suprem.concepts.review.store import ReviewStore, Status
url, reviewer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = ReviewStore.open(url)
for step in range(count):
    made = store.decide({VERSION!r}, "lvh", reviewer, status=Status.APPROVED, code=f"C{{step}}")
    print(made.number, flush=True)
"""


def writer(url: str, reviewer: str, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, url, reviewer, str(count)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_that_create_and_write_one_database_lose_nothing(review_url: str) -> None:
    processes = [writer(review_url, reviewer, 25) for reviewer in "ABCD"]
    numbers = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(numbers) == list(range(1, 101))
    store = ReviewStore.open(review_url)
    assert len(store.history(VERSION, "lvh")) == 100
    assert store.verify() is None
    store.close()


@pytest.mark.parametrize("killed_after", [1, 7])
def test_a_killed_writer_leaves_all_it_was_told_is_saved_and_a_whole_chain(killed_after: int, review_url: str) -> None:
    process = writer(review_url, "Anna", 100_000)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(killed_after)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    store = ReviewStore.open(review_url)
    kept = {made.number for made in store.history(VERSION, "lvh")}
    assert set(told) <= kept
    assert len(kept) <= len(told) + 1  # at most the one that was saved and not yet told
    assert store.verify() is None
    approve(store, "lvh", "Ben")
    assert store.verify() is None
    store.close()
