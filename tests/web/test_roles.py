"""What a person may do follows from their login, and what they do for all is in the audit log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from streamlit import user_info

from suprem.audit.log import AuditRow
from suprem.errors import ConceptError, NotAllowed
from suprem.jobs import runner
from suprem.jobs.job import JobSpec, State
from suprem.jobs.store import JobStore
from suprem.settings import load_settings
from suprem.web import frame
from suprem.web.audit_cache import audit_log
from suprem.web.cohort import cohort_panel
from suprem.web.roles import LOCAL, Role, actor, note_owner, owner_of, refusal, refusal_to_others, roles
from suprem.web.session import Session
from suprem.web.training import job_start
from suprem.web.training.job_start import cancel_job, resume_job, submit_job

PROMOTION = JobSpec("promote", {"checkpoint": "a"})
TRAINING = JobSpec("pretrain", {"run_dir": "a"})


@pytest.fixture
def log_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    def as_person(email: str, *, claim: str = "roles", held: Any = ()) -> None:
        monkeypatch.setenv("SUPREM_LOGIN", "true")
        monkeypatch.setattr(user_info, "_get_user_info", lambda: {"is_logged_in": True, "email": email, claim: held})

    return as_person


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    monkeypatch.setitem(runner.submit.__kwdefaults__, "start", lambda _job: None)
    monkeypatch.setitem(runner.resume.__kwdefaults__, "start", lambda _job: None)
    state = Session()
    monkeypatch.setattr(job_start, "session", lambda: state)
    monkeypatch.setattr(frame, "session", lambda: state)
    return JobStore(load_settings().database, tmp_path / "jobs")


def told() -> str:
    return job_start.session().notice


def acts() -> list[tuple[str, str, str]]:
    rows: list[AuditRow] = audit_log(load_settings().database).rows()
    return [(row.actor, row.action, row.subject) for row in reversed(rows)]


def test_without_a_login_there_is_one_local_user_who_is_everything() -> None:
    assert roles() == frozenset(Role)
    assert actor() == LOCAL


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ((), {Role.READER}),
        (["reviewer"], {Role.READER, Role.REVIEWER}),
        (["suprem-Researcher", "other"], {Role.READER, Role.RESEARCHER}),
        ("adjudicator", {Role.READER, Role.ADJUDICATOR}),
        (["administrator"], set(Role)),
        (["administrators", "admin", 7, None], {Role.READER}),
        ({"administrator": True}, {Role.READER}),
    ],
)
def test_roles_are_what_the_claim_names_and_nothing_near_it(log_in: Any, held: Any, expected: set[Role]) -> None:
    log_in("ada@example.org", held=held)
    assert roles() == expected


def test_a_claim_may_lie_within_another(log_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPREM_ROLES_CLAIM", "realm_access.roles")
    log_in("ada@example.org", claim="realm_access", held={"roles": ["reviewer"]})
    assert Role.REVIEWER in roles()
    log_in("ada@example.org", claim="realm_access", held=["reviewer"])
    assert roles() == {Role.READER}


def test_a_reader_starts_no_training_and_changes_no_checkpoint(log_in: Any, store: JobStore) -> None:
    log_in("ada@example.org")
    for spec in (TRAINING, PROMOTION):
        with pytest.raises(NotAllowed, match="Only a person with the role"):
            submit_job(store, spec, load_settings())
    assert submit_job(store, JobSpec("score", {"results": "c"}), load_settings()).owner == "ada@example.org"
    log_in("ben@example.org", held=["researcher"])
    assert submit_job(store, TRAINING, load_settings()).owner == "ben@example.org"
    with pytest.raises(NotAllowed, match="role administrator may start promote"):
        submit_job(store, PROMOTION, load_settings())
    assert len(store.jobs()) == 2


def test_only_its_owner_or_an_administrator_stops_a_job_and_goes_on_with_it(log_in: Any, store: JobStore) -> None:
    settings = load_settings()
    log_in("ada@example.org", held=["researcher"])
    submit_job(store, TRAINING, settings)
    log_in("ben@example.org", held=["researcher", "reviewer", "adjudicator"])
    cancel_job(store, 1, settings)
    assert "belongs to ada@example.org; only they or an administrator may stop it" in told()
    assert store.get(1).state is State.STARTING
    log_in("eve@example.org", held=["administrator"])
    cancel_job(store, 1, settings)
    assert store.get(1).state is State.CANCELLING
    store.move(1, State.CANCELLED)
    log_in("ben@example.org", held=["researcher"])
    resume_job(store, 1, settings)
    assert "only they or an administrator may go on with it" in told()
    log_in("ada@example.org", held=["researcher"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_start.st, "session_state", {})
        resume_job(store, 1, settings)
    assert store.get(2).owner == "ada@example.org"
    assert acts() == [
        ("ada@example.org", "job_start", "job 1"),
        ("eve@example.org", "job_cancel", "job 1"),
        ("ada@example.org", "job_resume", "job 2"),
    ]


def test_what_nobody_known_owns_is_an_administrators(log_in: Any) -> None:
    log_in("ada@example.org", held=["researcher"])
    assert "belongs to nobody who is known" in refusal_to_others("", "delete it")
    assert "Only a person with the role administrator may do it" in refusal(Role.ADMINISTRATOR, "do it")
    log_in("ada@example.org", held=["administrator"])
    assert refusal_to_others("", "delete it") == refusal(Role.ADMINISTRATOR, "do it") == ""


def test_a_cohort_is_deleted_by_its_owner_once_and_the_log_says_so(
    log_in: Any, store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, folder = load_settings(), tmp_path / "cohorts" / "study"
    log_in("ada@example.org")
    folder.mkdir(parents=True)
    note_owner(folder)
    log_in("ben@example.org", held=["researcher", "reviewer", "adjudicator"])
    cohort_panel._delete(folder, settings, store)
    assert "belongs to ada@example.org; only they or an administrator may delete it" in told()
    assert owner_of(folder) == "ada@example.org"
    log_in("ada@example.org")
    cohort_panel._delete(folder, settings, store)
    cohort_panel._delete(folder, settings, store)
    assert list(folder.parent.iterdir()) == []
    assert acts() == [("ada@example.org", "cohort_delete", "cohort study")]


def test_of_two_who_delete_a_cohort_at_once_neither_meets_an_error(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, together = load_settings(), Barrier(4)
    monkeypatch.setattr(cohort_panel, "note", lambda *_words, **_facts: None)
    for number in range(10):
        folder = tmp_path / "cohorts" / f"study-{number}"
        for name in range(30):
            (folder / str(name)).mkdir(parents=True)

        def delete(folder: Path) -> None:
            together.wait()
            cohort_panel._delete(folder, settings, store)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(delete, [folder] * 4))
        assert list(folder.parent.iterdir()) == []
    assert told() == ""


def test_what_cannot_be_logged_is_not_deleted(store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_words: Any, **_facts: Any) -> None:
        raise ConceptError("The review database did not answer.")

    monkeypatch.setattr(cohort_panel, "note", silent)
    folder = tmp_path / "cohorts" / "study"
    folder.mkdir(parents=True)
    cohort_panel._delete(folder, load_settings(), store)
    assert list(folder.parent.iterdir()) == [folder]
    assert told() == "The review database did not answer."
