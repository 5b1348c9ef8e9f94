"""Twelve cells, each with a sign, a word and its reason; a corrected view is named; an override is logged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from suprem.concepts.review.store import ReviewStore
from suprem.ecg.checks.electrodes import ARMS
from suprem.ecg.checks.quality import Level, QualityFinding, assess_quality
from suprem.ecg.record import LEADS, EcgRecord
from suprem.settings import load_settings
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.quality_panel import REASONS, finding_list, log_override, quality_strip
from tests.tiny import ecg

FINDINGS = (
    QualityFinding("flat", Level.BLOCK, ("V1",), "V1 is <flat>."),
    QualityFinding("noise", Level.WARN, ("V1", "V2"), "Noisy."),
    QualityFinding("length", Level.WARN, (), "Short."),
    QualityFinding("gaps", Level.OK, ("V3",), "No sample is missing."),
)


def picked(record: EcgRecord) -> PickedEcg:
    return PickedEcg("Upload 1", "key", record, record, 0.0)


def test_each_lead_has_a_cell_with_its_worst_level_in_words() -> None:
    cells = quality_strip(FINDINGS).split("<div")[2:]
    assert len(cells) == len(LEADS) == 12
    assert [word for cell in cells for word in ("ok", "check", "unusable") if f" {word}</span>" in cell] == [
        *["ok"] * 6, "unusable", "check", *["ok"] * 4,
    ]  # fmt: skip
    assert all(sign in quality_strip(FINDINGS) for sign in "✓!×")


def test_a_cell_says_why_when_it_is_pointed_at() -> None:
    cells = quality_strip(FINDINGS).split("<div")[2:]
    assert 'title="V1 is &lt;flat&gt;. Noisy."' in cells[6]
    assert 'title="Noisy."' in cells[7]
    assert 'title="Nothing was found in this lead."' in cells[8]


def test_only_what_is_not_in_order_is_a_sentence() -> None:
    assert finding_list(FINDINGS).count("<p") == 3
    assert finding_list(FINDINGS[3:]) == ""


def test_a_corrected_view_has_a_title_and_a_key_of_its_own() -> None:
    ecg_, corrected = picked(ecg()), picked(ecg()).corrected(ARMS)
    assert corrected.title == "Upload 1, corrected view: right arm and left arm exchanged back"
    assert corrected.key != ecg_.key
    assert np.array_equal(corrected.window.lead("I"), -ecg_.window.lead("I"))
    assert corrected.record.corrected == corrected.window.corrected == ARMS.electrodes


def test_an_override_is_in_the_audit_log_and_names_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path))
    record = ecg()
    blank = EcgRecord(np.zeros_like(record.signal), LEADS, 500.0, "Smith_John_1960", "test", age=61.0)
    said = log_override(picked(blank), assess_quality(blank), "reader one", REASONS[0])
    log_override(picked(record), assess_quality(record), "reader two", REASONS[1])
    log_override(picked(blank), assess_quality(blank), "reader one", REASONS[0])
    audit = ReviewStore.open(load_settings().database).audit
    assert audit.verify() is None
    third, second, first = audit.rows()
    assert (first.actor, first.action) == ("reader one", "override_quality")
    assert json.loads(first.details)["blocked by"] == ["leads", "recorded"]
    assert json.loads(first.details)["reason"] == REASONS[0] in said
    assert first.subject == third.subject != second.subject, "the same recording has the same hash here"
    assert "Smith" not in str(audit.rows())

    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "elsewhere"))
    log_override(picked(blank), assess_quality(blank), "reader one", REASONS[0])
    (other,) = ReviewStore.open(load_settings().database).audit.rows()
    assert other.subject != first.subject, "and another one on another installation"
