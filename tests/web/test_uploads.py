"""A file is taken from a session that has passed the gate, up to a number and a size, and from nobody else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from suprem.web import uploads
from suprem.web.uploads import MOST_BYTES, MOST_FILES, RefuseUploads, admit_uploads, refusal_of_upload

PLACE = "/_stcore/upload_file/{}/a-file"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_admitted", type(uploads._admitted)())


@pytest.fixture
def server() -> TestClient:
    """What stands behind the middleware answers with the bytes it got."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)

    return TestClient(RefuseUploads(inner))


def admit(monkeypatch: pytest.MonkeyPatch, session: str) -> None:
    monkeypatch.setattr(uploads, "get_script_run_ctx", lambda: SimpleNamespace(session_id=session))
    admit_uploads()


def test_nobody_uploads_before_the_notice_and_another_session_does_not_either(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = server.put(PLACE.format("one"), content=b"abc")
    assert (refused.status_code, refused.text[:24]) == (403, "Accept the notice first,")
    admit(monkeypatch, "one")
    assert server.put(PLACE.format("one"), content=b"abc").text == "3 bytes"
    assert server.put(f"/behind/a/proxy{PLACE.format('one')}", content=b"abc").text == "3 bytes"
    for session in ("two", "One", "one ", "%6Fnes"):
        assert server.put(PLACE.format(session), content=b"abc").status_code == 403
    assert server.put(f"/behind{PLACE.format('two')}", content=b"abc").status_code == 403


def test_other_requests_are_none_of_its_business(server: TestClient) -> None:
    assert server.get("/_stcore/health").status_code == 200
    assert server.delete(PLACE.format("two")).status_code == 200


def test_a_session_has_so_many_files_and_bytes_and_no_more() -> None:
    assert refusal_of_upload(True, [1] * (MOST_FILES - 1), 1) == ""
    assert "at most 2,000 files" in refusal_of_upload(True, [1] * MOST_FILES, 1)
    assert refusal_of_upload(True, [MOST_BYTES - 5], 5) == ""
    assert "at most 1,024 MB" in refusal_of_upload(True, [MOST_BYTES - 5], 6)


def test_sessions_that_were_admitted_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_SESSIONS", 3)
    for session in "abca":
        admit(monkeypatch, session)
    admit(monkeypatch, "d")
    assert list(uploads._admitted) == ["c", "a", "d"]
