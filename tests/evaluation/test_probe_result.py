"""Probes of several seeds are one figure, and as CSV each stands for itself."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from io import StringIO

import pytest

from suprem.evaluation.probe_result import over_seeds
from suprem.evaluation.report import probes_csv
from suprem.export import RESEARCH_USE
from tests.evaluations import invented_probe

PROBE = invented_probe("aaaaaaaaaaaa", "ptbxl_rhythm")


def test_seeds_are_brought_together_and_nothing_else() -> None:
    random = [
        replace(PROBE, features="random encoder", seed=seed, macro=macro, macro_trained=macro + 0.1)
        for seed, macro in enumerate((0.6, 0.7, 0.8))
    ]
    other = replace(PROBE, share=10.0)
    alone, mean, tenth = over_seeds([PROBE, *random, other])
    assert (alone.macro, alone.spread, alone.probes) == (0.9, (0.8, 0.95), (PROBE,))
    assert math.isnan(alone.sd)
    assert (mean.macro, mean.sd, mean.macro_trained) == pytest.approx((0.7, 0.1, 0.8))
    assert mean.spread == pytest.approx((0.6, 0.8))
    assert tenth.asked == other.asked


def test_the_csv_has_a_row_for_each_seed_and_the_notice() -> None:
    text = probes_csv([PROBE, replace(PROBE, features="=evil()", macro_ci=(math.nan, math.nan))])
    head, first, second, _, notice = csv.reader(StringIO(text))
    row = dict(zip(head, first, strict=True))
    assert (row["macro_auroc"], row["ci_low"], row["macro_10"]) == ("0.900000", "0.800000", "")
    assert (row["share_percent"], row["train_records"], row["seen_in_training"]) == ("1", "100", "folds 1,2 of ptb-xl")
    assert second[1] == "'=evil()"
    assert notice == [RESEARCH_USE]
