"""A patient's name, number and dates reach neither page, session, database, log nor file, whatever is uploaded."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from suprem.concepts.vocabulary import load_terms
from tests.ecg.formats.examples_of_every_format import write_examples
from tests.ecg.formats.hospital_files import SECRETS
from tests.tiny import write_checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_format_and_its_ruins_on_the_reading_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    checkpoint = write_checkpoint(tmp_path / "checkpoint", vocabulary=load_terms())
    monkeypatch.setenv("SUPREM_CHECKPOINT", str(checkpoint))
    examples = write_examples(tmp_path / "examples", seconds=6.0)
    app = AppTest.from_file(str(ROOT / "suprem" / "web" / "main.py"), default_timeout=120).run()
    app.button(key="acknowledge").click().run()
    app.segmented_control(key="source").set_value("Upload").run()
    for kind in ("WFDB", "GE MUSE XML", "DICOM", "SCP-ECG", "EDF", "CSV"):
        for path in examples[kind]:
            app.file_uploader(key="files").upload(path.name, path.read_bytes())
            app.file_uploader(key="files").upload(f"cut {path.name}.xml", path.read_bytes()[:400])
    app.run()
    assert not app.exception
    assert len(app.selectbox(key="upload").options) == 6
    assert len(app.error) > 3
    shown = repr(app.main) + "".join(element.proto.body for element in app.get("html"))
    state = app.session_state["suprem"]
    kept = repr(state) + repr([vars(one) for one in state.uploads.values()])
    written = b"".join(path.read_bytes() for path in (tmp_path / "artifacts").rglob("*") if path.is_file())
    told = caplog.text + "".join(capfd.readouterr())
    st.cache_resource.clear()
    for place, text in {"page": shown, "session": kept, "files": written.decode("latin-1"), "log": told}.items():
        assert [secret for secret in SECRETS if secret.lower() in text.lower()] == [], place
