"""A result survives being written and read, and its JSON is JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from suprem.errors import EvaluationError
from suprem.evaluation.breakdown import Group, Stratum
from suprem.evaluation.calibration import Calibration
from suprem.evaluation.leakage import LeakageCheck
from suprem.evaluation.results import ClassResult, EvaluationResult, Skipped

RESULT = EvaluationResult(
    task="ptbxl_form",
    labels="exact",
    protocol="clean",
    split="folds 9",
    checkpoint="abc123",
    encoder="minilm",
    records=10,
    patients=8,
    published_records=12,
    macro=0.75,
    macro_ci=(0.7, 0.8),
    macro_10=math.nan,
    macro_10_ci=(math.nan, math.nan),
    classes=(
        ClassResult("LVOLT", "low QRS voltages", 3, 0.75, (0.7, 0.8), 0.5, 2),
        ClassResult("STE", "ST elevation", 0, math.nan, (math.nan, math.nan), math.nan, 100),
    ),
    skipped=(Skipped("STE", "none of 10 records has it"),),
    unreadable=(Skipped("00007", "The signal file is shorter than its header says."),),
    draws=100,
    seed=0,
    strata=(Stratum("near", ("LVOLT",), 0.75, (0.7, 0.8)),),
    groups=(Group("sex", "female", 60, (), math.nan, (math.nan, math.nan)),),
    calibration=(Calibration("raw", "", 0.1, 0.2, math.nan, ("LVOLT",), (0.1,), ((0.2, 0.3, 5), (0.6, 0.5, 5))),),
    audit=(LeakageCheck("labels", None, "no counts are published for these records"),),
)


def test_a_result_read_back_is_the_result_written() -> None:
    again = EvaluationResult.from_json(RESULT.to_json())
    assert again.to_json() == RESULT.to_json()
    assert again.classes[0] == RESULT.classes[0]
    assert (again.skipped, again.unreadable) == (RESULT.skipped, RESULT.unreadable)
    assert math.isnan(again.macro_10)
    assert math.isnan(again.classes[1].ci[0])
    assert again.calibration[0].reliability == RESULT.calibration[0].reliability
    assert again.audit == RESULT.audit
    whole = replace(RESULT, macro_10=0.5, macro_10_ci=(0.4, 0.6), classes=RESULT.classes[:1], groups=(), calibration=())
    assert EvaluationResult.from_json(whole.to_json()) == whole


def test_the_json_has_the_promised_keys_and_null_for_what_does_not_exist() -> None:
    written = json.loads(RESULT.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    promised = {"task", "labels", "protocol", "records", "macro", "macro_ci", "macro_10", "classes", "skipped"}
    assert promised | {"checkpoint", "encoder", "unreadable"} <= set(written)
    assert {"code", "query", "positives", "auroc", "ci"} <= set(written["classes"][0])
    assert written["macro_ci"] == [0.7, 0.8]
    assert written["macro_10"] is None
    assert written["classes"][1]["auroc"] is None
    assert written["classes"][1]["ci"] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"task": "ptbxl_form"}',
        RESULT.to_json().replace('"seed"', '"sed"'),
        RESULT.to_json().replace('"reliability"', '"reliable"'),
        RESULT.to_json().replace("0.7,", ""),
    ],
    ids=range(7),
)
def test_what_is_not_a_result_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(EvaluationError, match=r"x\.json is no result of evaluate of this version .* suprem evaluate"):
        EvaluationResult.from_json(text, "x.json")


def test_results_from_before_a_field_existed_are_read() -> None:
    content = json.loads(RESULT.to_json())
    for later in ("strata", "groups", "calibration", "audit", "queries", "crop"):
        del content[later]
    for entry in content["classes"]:
        del entry["stratum"]
    assert EvaluationResult.from_json(json.dumps(content)).macro == 0.75


def test_the_table_has_a_row_per_class_in_order() -> None:
    table = RESULT.table()
    assert list(table.columns) == ["code", "query", "positives", "auroc", "low", "high", "average_precision"]
    assert list(table["code"]) == ["LVOLT", "STE"]
    assert table["low"].iloc[0] == 0.7
    assert table["auroc"].isna().tolist() == [False, True]
