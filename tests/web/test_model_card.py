"""The model card shows what the file says, and says where it says nothing."""

from __future__ import annotations

from suprem.web.model_card import statement_rows, training_rows, validation_sentence

CLASSES = [
    {"code": "AFIB", "query": "atrial fibrillation", "positives": 7, "auroc": 0.97, "ci": [0.9, 0.99]},
    {"code": "NORM", "query": "normal ECG", "positives": 900, "auroc": 0.95, "ci": [0.94, 0.96]},
    {"code": "SVTAC", "query": "supraventricular tachycardia", "positives": 0, "auroc": None, "ci": [None, None]},
]


def test_frequent_statements_come_first_and_unevaluated_ones_stay_empty() -> None:
    rows = statement_rows({"validation": {"classes": CLASSES}})
    assert [row["code"] for row in rows] == ["NORM", "AFIB", "SVTAC"]
    assert (rows[0]["95 % from"], rows[0]["to"]) == (0.94, 0.96)
    assert rows[2]["AUROC"] is None


def test_the_mean_is_given_with_its_interval_and_its_records() -> None:
    card = {"validation": {"macro": 0.9012, "macro_ci": [0.88, 0.92], "split": "folds 9"}}
    assert "folds 9: 0.901 (95 % interval 0.880 to 0.920)" in validation_sentence(card)
    assert "0.870" in validation_sentence({"validation": {"macro_auroc": 0.87}})


def test_a_card_without_figures_says_so() -> None:
    assert "not evaluated" in validation_sentence({})
    assert statement_rows({}) == []
    assert training_rows({}) == []


def test_training_facts_are_listed_without_empty_ones() -> None:
    data = {
        "corpus": "ptb-xl",
        "train_records": 17418,
        "signal": {"seconds": 10.0, "fs": 100, "leads": ["I", "II"], "scaling": "millivolt"},
    }
    rows = {row["what"]: row["value"] for row in training_rows({"training": {"data": data, "commit": ""}})}
    assert rows["Records in training"] == "17,418"
    assert rows["Input"] == "10 s at 100 Hz, leads I, II, scaling millivolt"
    assert "Code" not in rows
