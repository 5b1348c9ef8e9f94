"""What is filtered for the eye is measured as it was recorded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suprem.ecg.record import EcgRecord
from suprem.paper.display_filter import DisplayFilter
from suprem.paper.view import View
from suprem.web.read_ecg import trace_panel
from suprem.web.read_ecg.ecg_picker import PickedEcg
from suprem.web.read_ecg.trace_panel import draw_trace
from tests.tiny import ecg


@pytest.mark.parametrize("filters", [(), (DisplayFilter.BASELINE,)])
def test_the_caliper_reads_the_recording_whatever_is_shown(
    filters: tuple[DisplayFilter, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ecg(seed=3)
    picked = PickedEcg("Upload 1", "key", record, record, 0.0)
    drawn: list[Any] = []
    measured: list[EcgRecord] = []

    def plotly_chart(figure: Any, **_options: object) -> dict[str, Any]:
        drawn.append(figure)
        return {"selection": {"box": [{"x": [30.0, 50.0], "y": [100.0, 110.0]}]}}

    def caliper_reading(record: EcgRecord, *_box: object) -> None:
        measured.append(record)

    shown = SimpleNamespace(markdown=lambda _text: None)
    monkeypatch.setattr(trace_panel, "st", SimpleNamespace(empty=lambda: shown, plotly_chart=plotly_chart))
    monkeypatch.setattr(trace_panel, "session", lambda: SimpleNamespace(trace_round=0))
    monkeypatch.setattr(trace_panel, "caliper_reading", caliper_reading)
    draw_trace(picked, View(filters=filters), "trace", measuring=True)
    assert len(drawn) == len(measured) == 1
    np.testing.assert_array_equal(measured[0].signal, record.signal)
