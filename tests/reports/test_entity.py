from __future__ import annotations

import pytest

from suprem.reports.entity import Certainty, Entity


def test_a_shifted_entity_keeps_its_words() -> None:
    entity = Entity("lvh", 4, 7, Certainty.UNCERTAIN, "left ventricular hypertrophy")
    assert entity.shifted(10) == Entity("lvh", 14, 17, Certainty.UNCERTAIN, "left ventricular hypertrophy")


@pytest.mark.parametrize(("start", "end"), [(3, 3), (-1, 2), (0, 4)])
def test_a_span_that_does_not_fit_its_words_cannot_be_built(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="cannot span"):
        Entity("lvh", start, end, Certainty.ABNORMAL, "lvh")
