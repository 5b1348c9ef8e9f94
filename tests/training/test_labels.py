"""What a run learns; how the labels of a corpus, its reports and measurements meet is tested with the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.concepts.vocabulary import CONCEPTS, load_terms
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.signal_store import build_signal_store
from suprem.errors import ConfigError
from suprem.training.labels import labels_of_statements, learnable, with_measurements
from tests.tiny import SMALL_SPEC, write_ptbxl


def test_a_finding_left_out_goes_with_its_places_and_rare_ones_are_not_learned() -> None:
    vocabulary = load_terms(CONCEPTS)
    labels = np.zeros((3, len(vocabulary)), np.float32)
    for code, records in (("PVC", 3), ("INVT:lead V1", 3), ("PAC", 2)):
        labels[:records, vocabulary.codes.index(code)] = 1
    columns = learnable(vocabulary, labels, leave_out=("INVT",), min_examples=3)
    assert [vocabulary.codes[column] for column in columns] == ["PVC"]
    with pytest.raises(ConfigError, match="No concept is left"):
        learnable(vocabulary, labels, min_examples=4)


def test_measurements_are_taken_for_what_the_shipped_limits_say() -> None:
    vocabulary = load_terms(CONCEPTS)
    silent = np.zeros((2, len(vocabulary)), np.float32)
    nothing = np.full(2, np.nan)
    names = (
        "rr_spread",
        "early",
        "other_shape",
        "pr",
        "qrs",
        "qtc_fridericia",
        "axis",
        "limb_voltage",
        "chest_voltage",
    )
    leads = ("I", "II", "III", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    measured = dict.fromkeys(
        (*names, "sokolow_lyon", *(f"{wave}_{lead}" for wave in ("st", "t", "r") for lead in leads)), nothing
    )
    measured |= {"heart_rate": np.array([45.0, 75.0]), "t_V5": np.array([-0.3, 0.3])}
    joined, labels = with_measurements(vocabulary, silent, measured)
    found = {code: labels[:, joined.codes.index(code)].tolist() for code in joined.codes}
    assert found["RATE<60"] == found["BRADY"] == found["INVT:lead V5"] == [1, 0]
    assert found["SBRAD"] == found["INVT"] == found["TAB_"] == [-1, 0]
    assert found["PR>200"] == [-1, -1], "nobody measured it"
    assert found["AFIB"] == [0, 0]


def test_a_doubted_statement_teaches_nothing_and_its_evaluation_label_stays(tmp_path: Path) -> None:
    codes: list[dict[str, float]] = [{"IMI": 15.0}, {"IMI": 100.0}, {"NORM": 100.0}]
    store = build_signal_store(
        index_ptbxl(write_ptbxl(tmp_path, codes, [1, 1, 1])), SMALL_SPEC, tmp_path / "store", workers=1
    )
    vocabulary = load_terms()
    labels = labels_of_statements(store, vocabulary)
    column = {code: labels[:, vocabulary.codes.index(code)].tolist() for code in ("IMI", "STE_", "NORM")}
    assert column == {"IMI": [-1, 1, 0], "STE_": [-1, -1, 0], "NORM": [0, 0, 1]}
    assert store.index.labels(("IMI",))[:, 0].tolist() == [True, True, False]
