"""Numbers of the form that lie outside of their limits are told, not replaced."""

from __future__ import annotations

from suprem.web.training.run_form import out_of_range


def test_each_number_outside_its_limits_has_a_sentence() -> None:
    assert out_of_range({"Epochs": 3, "Learning rate": 1e-3, "Seed": 0}) == []
    (many,) = out_of_range({"Epochs": 900, "Batch": 32})
    assert many == "Epochs is 900; expected 1 to 500. Nothing is launched until it is."
    (none,) = out_of_range({"Batch": None})
    assert none.startswith("Batch is empty; expected 4 to 4096.")
