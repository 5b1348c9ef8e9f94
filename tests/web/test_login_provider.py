"""A login at a real OpenID Connect provider on this machine: its signed token says who acts and what they may do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import auth_util, user_info
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_auth_routes import _get_cookie_value_from_request, create_auth_routes

from suprem.web.login import user_name
from suprem.web.roles import Role, roles

APP = "http://ecg.example.org"
PEOPLE: dict[str, dict[str, Any]] = {
    "1": {"email": "ada@example.org", "name": "Ada", "roles": ["suprem-reviewer", "staff"]},
    "2": {"email": "eve@example.org", "email_verified": False, "name": "Eve", "roles": ["administrators"]},
}

pytestmark = pytest.mark.skipif(
    find_spec("oidc_provider_mock") is None, reason="needs the provider of requirements-dev.txt"
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider with two accounts, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    accounts = [
        word for sub, claims in PEOPLE.items() for word in ("--user-claims", json.dumps({"sub": sub, **claims}))
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port), *accounts],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, "the provider ended"
            try:
                requests.get(f"{address}/.well-known/openid-configuration", timeout=60).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def client(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Streamlit's own routes of the login, with the section that docs/login.md shows."""
    lines = {
        "redirect_uri": f"{APP}/oauth2callback",
        "cookie_secret": "of a test, long enough to sign with",
        "client_id": "suprem",
        "client_secret": "of a test as well",
        "server_metadata_url": f"{provider}/.well-known/openid-configuration",
    }
    path = tmp_path / "secrets.toml"
    path.write_text("[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
    before = st.get_option("secrets.files")
    st.config.set_option("secrets.files", [str(path)])
    secrets_singleton._reset()
    monkeypatch.setenv("SUPREM_LOGIN", "true")

    def who(request: Request) -> JSONResponse:
        return JSONResponse(json.loads(_get_cookie_value_from_request(request, "_streamlit_user") or b"{}"))

    routes = [*create_auth_routes(""), Route("/who", who)]
    signed = Middleware(SessionMiddleware, secret_key="of a test")
    with TestClient(Starlette(routes=routes, middleware=[signed]), base_url=APP, follow_redirects=False) as client:
        yield client
    st.config.set_option("secrets.files", before)
    secrets_singleton._reset()


def log_in(client: TestClient, account: str) -> str:
    """Go the way of a browser, from the button to the provider and back; return the address it is sent back to."""
    asked = client.get("/auth/login", params={"provider": auth_util.encode_provider_token("default")})
    assert asked.status_code == 302, asked.text
    answered = requests.post(asked.headers["location"], data={"sub": account}, allow_redirects=False, timeout=60)
    assert answered.status_code == 302, answered.text
    back = answered.headers["location"]
    assert back.startswith(f"{APP}/oauth2callback?")
    return back


def test_the_providers_signed_token_says_who_acts_and_as_what(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(log_in(client, "1"))
    claims = client.get("/who").json()
    monkeypatch.setattr(user_info, "_get_user_info", lambda: claims)
    assert user_name() == "ada@example.org"
    assert roles() == {Role.READER, Role.REVIEWER}


def test_an_address_that_the_provider_did_not_verify_names_nobody(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(log_in(client, "2"))
    claims = client.get("/who").json()
    monkeypatch.setattr(user_info, "_get_user_info", lambda: claims)
    assert user_name() == "Eve (2)"
    assert roles() == {Role.READER}


def test_an_answer_that_nobody_asked_for_or_a_cookie_of_ones_own_logs_nobody_in(client: TestClient) -> None:
    back = log_in(client, "1")
    client.cookies.clear()  # another browser, to which somebody sends the address
    client.get(back)
    assert client.get("/who").json() == {}
    client.cookies.set("_streamlit_user", '{"email": "ada@example.org", "is_logged_in": true}')
    assert client.get("/who").json() == {}
