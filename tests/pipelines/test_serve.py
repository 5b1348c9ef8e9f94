"""The HTTP interface as a process: it answers, keeps strangers out, and is never open to a network by mistake."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from pipelines.serve import main

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_not_opened_to_a_network_without_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--address", "0.0.0.0"]) == 2
    assert "no token is set" in capsys.readouterr().err


@pytest.mark.slow
def test_it_scores_over_http_and_its_log_names_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    environment = {**os.environ, "SUPREM_SERVICE_TOKEN": "secret-token"}
    with log.open("wb") as file:
        command = [sys.executable, "-m", "pipelines.serve", "--port", str(port), "--seconds", "200"]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.25)
        body = Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()
        request = urllib.request.Request(f"{address}/v1/score?query=sinus+rhythm", body)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=60)
        request.add_header("Authorization", "Bearer secret-token")
        with urllib.request.urlopen(request, timeout=240) as answer:
            assert json.load(answer)["scores"][0]["query"] == "sinus rhythm"
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert '"path": "/v1/score", "status": 200' in log.read_text()
    assert "sinus" not in log.read_text()
    assert "secret-token" not in log.read_text()
