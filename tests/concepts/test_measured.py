"""What measurements decide: beyond a limit present, near it nobody knows, and silence of a report is no denial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.concepts.mapping.labels import ABSENT, MASKED, PRESENT
from suprem.concepts.measured import LIMITS, Limit, load_limits, with_measured
from suprem.concepts.vocabulary import CONCEPTS, Concept, load_terms
from suprem.ecg.measurement.quantities import MEASURED, quantities
from suprem.errors import ConceptError
from tests.tiny import every_concept

NAN = float("nan")
BRADY = Concept("BRADY", "bradycardia", narrower=("SBRAD",))
SBRAD = Concept("SBRAD", "sinus bradycardia")
INVT_V5 = Concept("INVT:lead V5", "T wave inversion in lead V5", of="INVT", place="lead V5")
SLOW = Limit(Concept("SLOW", "slow"), "heart_rate", below=60, margin=2, implies=("BRADY", "NOSUCH"), doubts=("SBRAD",))


def rates(*values: float) -> Mapping[str, NDArray[np.float64]]:
    return {"heart_rate": np.array(values), "t_V5": np.array(values)}


def test_beyond_the_limit_is_present_near_it_and_unmeasured_are_masked() -> None:
    assert SLOW.label(rates(40, 57.9, 58.1, 61.9, 62.1, 90, NAN)["heart_rate"]).tolist() == [1, 1, -1, -1, 0, 0, -1]
    between = Limit(Concept("AXIS", "axis"), "axis", above=-90, below=-30, margin=5)
    assert between.label(np.array([-99.0, -88, -60, -33, -20])).tolist() == [0, -1, 1, -1, 0]


def test_a_concept_is_added_what_it_implies_present_and_what_it_doubts_masked_unless_stated() -> None:
    stated = np.array([[ABSENT, ABSENT], [ABSENT, PRESENT], [ABSENT, ABSENT], [MASKED, MASKED]], np.int8)
    concepts, values = with_measured(stated, (BRADY, SBRAD), [SLOW], rates(40, 45, 80, NAN))
    assert [concept.code for concept in concepts] == ["BRADY", "SBRAD", "SLOW"]
    assert values.tolist() == [
        [PRESENT, MASKED, PRESENT],  # slow, and nobody wrote it down
        [PRESENT, PRESENT, PRESENT],
        [ABSENT, ABSENT, ABSENT],
        [MASKED, MASKED, MASKED],
    ]
    assert (stated[0] == ABSENT).all(), "the labels given are left as they are"


def test_of_report_and_measurement_that_disagree_neither_is_believed() -> None:
    limit = Limit(INVT_V5, "t_V5", below=-0.1, margin=0.04)
    stated = np.array([[PRESENT], [ABSENT], [ABSENT], [PRESENT]], np.int8)
    concepts, values = with_measured(stated, (INVT_V5,), [limit], rates(0.3, -0.3, 0.3, -0.1))
    assert concepts == (INVT_V5,)
    assert values[:, 0].tolist() == [MASKED, PRESENT, ABSENT, PRESENT]


def test_a_quantity_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(ConceptError, match="lack heart_rate"):
        with_measured(np.zeros((1, 2), np.int8), (BRADY, SBRAD), [SLOW], {})


def test_the_limits_that_ship_fit_the_terms_and_the_measurements() -> None:
    vocabulary = load_terms(CONCEPTS)
    limits = load_limits(vocabulary)
    every_concept()  # no wording belongs to two concepts
    named = {code for limit in limits for code in (*limit.implies, *limit.doubts)}
    assert named <= set(vocabulary.codes)
    assert {limit.quantity for limit in limits} <= quantities(dict.fromkeys(MEASURED, np.zeros(2))).keys()
    assert all(limit.above < limit.below and limit.margin >= 0 for limit in limits)


def test_a_file_that_is_none_or_names_an_unknown_lead_is_refused(tmp_path: Path) -> None:
    vocabulary = load_terms(CONCEPTS)
    with pytest.raises(ConceptError, match=r"no file of limits absent\.toml"):
        load_limits(vocabulary, tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text('[[measured]]\ncode = "A"\n')
    with pytest.raises(ConceptError, match="is not a file of limits"):
        load_limits(vocabulary, broken)
    broken.write_text(LIMITS.read_text().replace('of = "INVT"', 'of = "NOSUCH"'))
    with pytest.raises(ConceptError, match="NOSUCH:lead I, which the vocabulary does not have"):
        load_limits(vocabulary, broken)
