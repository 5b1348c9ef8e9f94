"""The table of what missing leads and seconds cost: what is taken away, of which records, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suprem.datasets.catalog import load_task
from suprem.datasets.index import RecordIndex
from suprem.ecg.preprocess import SPECS, preprocess
from suprem.ecg.record import LEADS
from suprem.experiments import thinning
from suprem.experiments.thinning import SECONDS, conditions, with_rare_findings
from tests.tiny import ecg


def test_a_part_of_the_records_has_many_of_each_rare_finding() -> None:
    codes: list[dict[str, float]] = [{"SR": 0.0}] * 60 + [{"AFIB": 0.0}] * 8 + [{"PACE": 0.0}] * 3
    whole = load_task("ptbxl_rhythm").label(RecordIndex("ptb-xl", Path(), pd.DataFrame(
        {"record_id": [str(row) for row in range(len(codes))], "patient_id": "", "path": "", "fold": 9, "age": 50.0,
         "sex": "", "device": "", "codes": [tuple(one) for one in codes]}
    )))  # fmt: skip
    part = with_rare_findings(whole, 20)
    assert len(part.record_ids) == 20
    count = dict(zip(part.task.codes, part.present.sum(axis=0).tolist(), strict=True))
    assert (count["PACE"], count["AFIB"], count["SR"]) == (3, 8, 9)
    assert with_rare_findings(whole, None) is whole
    assert with_rare_findings(whole, 500) is whole


def test_more_taken_away_never_costs_less() -> None:
    leads = thinning._LEADS
    assert len(leads) == len(set(leads)) == 19
    rng = np.random.default_rng(0)
    lost = rng.uniform(0, 0.1, (len(leads) + len(SECONDS) + 2, 3))
    table = conditions(("A", "B", "C"), lost)
    by_leads = {(one.limb, one.chest): one.losses["A"] for one in table if one.limb or one.chest}
    for limb, chest in leads:
        assert by_leads[limb, chest] >= max(by_leads.get((limb - 1, chest), 0), by_leads.get((limb, chest - 1), 0))
        assert by_leads[limb, chest] >= round(float(lost[leads.index((limb, chest)), 0]), 4)
    of_seconds = [one.losses["B"] for one in table if one.seconds is not None]
    assert of_seconds == sorted(of_seconds, reverse=True)
    assert [one.layout for one in table[-2:]] == ["3x4", "3x4 with II"]
    assert table[0].mean == pytest.approx(np.mean(list(table[0].losses.values())), abs=1e-4)


@pytest.mark.parametrize(("limb", "chest"), [(1, 0), (2, 3), (0, 6)])
@pytest.mark.parametrize("spec", ["compact", "paper"])
def test_leads_are_taken_from_a_prepared_signal_as_if_they_had_never_been_recorded(
    limb: int, chest: int, spec: str
) -> None:
    record = ecg(seed=1)
    whole = preprocess(record, replace(SPECS[spec], scaling="millivolt"))
    without = thinning._without(whole.signal[None], SPECS[spec], limb, chest, np.random.default_rng(4))[0]
    lost = {lead for lead, row in zip(SPECS[spec].leads, without, strict=True) if not row.any()}
    assert len(lost & {"I", "II"}) == limb
    assert len(lost & set(LEADS[6:])) == chest
    kept = [lead for lead in ("I", "II", *LEADS[6:]) if lead not in lost]
    absent = replace(record, signal=np.stack([record.lead(lead) for lead in kept]), leads=tuple(kept))
    again = preprocess(absent, replace(SPECS[spec], scaling="millivolt")).signal
    assert np.allclose(again, without, atol=1e-5)
