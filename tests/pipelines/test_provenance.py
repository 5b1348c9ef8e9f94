"""What a result depends on is written beside it, and names nobody."""

from __future__ import annotations

import getpass
import json
import platform
import sys

import pytest

from pipelines.provenance import PACKAGES, provenance, without_folders


def test_provenance_names_code_packages_and_machine_but_no_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/pipelines/pretrain.py", "--data", "store"])
    found = provenance()
    assert found["command"] == "python -m pipelines.pretrain --data store"
    assert set(found["packages"]) == set(PACKAGES)
    assert found["commit"]
    text = json.dumps({**found, "packages": {}})
    assert platform.node() not in text
    assert f"/{getpass.getuser()}/" not in text


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("/home/ann/my runs/one", "one"),
        ('teachers=["/home/ann/my runs/one","/two/best"]', 'teachers=["one","best"]'),
        ("vocabulary=/home/ann/versions/1a", "vocabulary=1a"),
        ('leave_out=["LAO/LAE","ISC_"]', 'leave_out=["LAO/LAE","ISC_"]'),
        ("training.learning_rate=5e-4", "training.learning_rate=5e-4"),
    ],
)
def test_folders_do_not_go_into_a_card(word: str, kept: str) -> None:
    assert without_folders(word) == kept
