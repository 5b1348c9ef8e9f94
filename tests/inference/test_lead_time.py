"""Attention over tokens, laid out on the twelve leads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.preprocess import SPECS
from suprem.ecg.record import LEADS
from suprem.inference.lead_time import lead_time_map


def test_tokens_are_laid_out_lead_by_lead_and_derived_leads_are_zero() -> None:
    spec = SPECS["compact"]
    tokens = np.zeros(320, np.float32)
    tokens[40 * spec.leads.index("V2") + 7] = 3.0
    tokens[40 * spec.leads.index("I")] = 1.0
    found = lead_time_map(tokens, spec, start=2.0)
    assert found.weights.shape == (12, 40)
    assert found.weights[LEADS.index("V2"), 7] == pytest.approx(0.75)
    assert found.weights[0, 0] == pytest.approx(0.25)
    assert np.count_nonzero(found.weights) == 2
    assert found.per_lead.shape == (12,)
    assert found.per_patch.shape == (40,)
    assert found.per_lead[LEADS.index("V2")] == found.per_patch[7] == pytest.approx(0.75)
    assert (found.seconds_per_patch, found.start, found.read_leads) == (0.25, 2.0, spec.leads)


def test_the_order_of_the_models_leads_does_not_move_the_standard_rows() -> None:
    spec = replace(SPECS["compact"], leads=("V6", "aVF"))
    found = lead_time_map(np.arange(1, 21, dtype=np.float32), spec, start=0.0)
    assert found.per_lead.nonzero()[0].tolist() == [LEADS.index("aVF"), LEADS.index("V6")]
    assert found.per_lead[LEADS.index("aVF")] > found.per_lead[LEADS.index("V6")]
    assert found.seconds_per_patch == 1.0


def test_no_attention_at_all_is_a_map_of_zeros() -> None:
    found = lead_time_map(np.zeros(320, np.float32), SPECS["compact"], start=0.0)
    assert not found.weights.any()
