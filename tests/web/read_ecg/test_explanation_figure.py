"""The pictures of attention, contributions and occlusion show the model's own numbers and nothing finer."""

from __future__ import annotations

import numpy as np
import pytest

from suprem.ecg.preprocess import SignalSpec, crop
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS
from suprem.inference.contribution import ContributionMap
from suprem.inference.lead_time import LeadTimeMap, lead_time_map
from suprem.inference.occlusion import OcclusionMap
from suprem.web.read_ecg.explanation_figure import (
    attention_blocks,
    attention_figure,
    contribution_figure,
    lead_shares,
    occlusion_figure,
)
from tests.tiny import ecg


@pytest.fixture
def attention() -> LeadTimeMap:
    tokens = np.random.default_rng(0).gamma(0.5, 1.0, 8 * 40).astype(np.float32)
    return lead_time_map(tokens, SignalSpec(), start=0.0)


def test_an_even_share_is_one_on_every_lead_that_is_read() -> None:
    blocks = attention_blocks(lead_time_map(np.ones(320, np.float32), SignalSpec(), start=0.0))
    read = [LEADS.index(lead) for lead in INDEPENDENT_LEADS]
    np.testing.assert_allclose(blocks.values[read], 1.0, rtol=1e-5)
    assert blocks.unread == ("III", "aVR", "aVL", "aVF")


def test_shares_sum_to_one(attention: LeadTimeMap) -> None:
    assert sum(lead_shares(attention).values()) == pytest.approx(1.0, abs=1e-5)
    assert sum(attention.per_second) == pytest.approx(1.0, abs=1e-5)
    assert list(lead_shares(attention)) == list(INDEPENDENT_LEADS)


def test_a_second_holds_its_four_blocks(attention: LeadTimeMap) -> None:
    assert attention.per_second[3] == pytest.approx(float(attention.weights[:, 12:16].sum()), abs=1e-6)


def test_bars_stand_beside_their_lead_and_under_their_second(attention: LeadTimeMap) -> None:
    figure = attention_figure(ecg(), attention)
    by = {trace.meta["values"]: trace for trace in figure.data if trace.meta and "values" in trace.meta}
    label_heights = {a.text.split("</b>")[0][3:]: a.y for a in figure.layout.annotations if a.text.startswith("<b>")}
    for lead, height in zip(INDEPENDENT_LEADS, by["lead"].y, strict=True):
        assert label_heights[lead] == pytest.approx(height + 2.5)
    np.testing.assert_allclose(by["second"].x, 25 * (np.arange(10) + 0.5))
    assert (figure.layout.xaxis3.matches, figure.layout.yaxis3.matches) == ("x", "y")


def test_the_legend_says_that_attention_is_no_evidence(attention: LeadTimeMap) -> None:
    assert "not evidence" in attention_figure(ecg(), attention).layout.coloraxis.colorbar.title.text


def test_a_short_recording_gets_no_bars_for_seconds_it_does_not_have(attention: LeadTimeMap) -> None:
    figure = attention_figure(crop(ecg(), 0.0, 6.5), attention)
    (seconds,) = [trace for trace in figure.data if trace.meta and trace.meta.get("values") == "second"]
    assert len(seconds.y) == 7


def occlusion(v2: float) -> OcclusionMap:
    cells, leads = np.zeros((12, 10), np.float32), np.zeros(12, np.float32)
    cells[LEADS.index("V2"), 4] = leads[LEADS.index("V2")] = v2
    return OcclusionMap(1.0, cells, leads, np.zeros(10, np.float32), INDEPENDENT_LEADS, 0.0)


def test_what_speaks_for_a_finding_is_positive_and_two_queries_are_subtracted() -> None:
    for minus, expected in ((None, 0.4), (occlusion(0.2), 0.6)):
        figure = occlusion_figure(ecg(), occlusion(-0.4), minus)
        (block,) = [trace for trace in figure.data if trace.meta and trace.meta.get("blocks") == "V2"]
        assert block.z[0][4] == pytest.approx(expected)
        (bars,) = [trace for trace in figure.data if trace.meta and trace.meta.get("values") == "lead"]
        assert bars.text[INDEPENDENT_LEADS.index("V2")] == f"{expected:+.1f}"
        assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-0.5, 0.5)


def contribution(v2: float) -> ContributionMap:
    blocks = np.zeros((12, 40), np.float32)
    blocks[LEADS.index("V2"), 17] = v2
    return ContributionMap(blocks, INDEPENDENT_LEADS, 0.25, 0.0)


def test_contributions_stand_in_their_blocks_and_two_queries_are_subtracted() -> None:
    for minus, expected in ((None, 0.4), (contribution(-0.2), 0.6)):
        figure = contribution_figure(ecg(), contribution(0.4), minus)
        (block,) = [trace for trace in figure.data if trace.meta and trace.meta.get("blocks") == "V2"]
        assert block.z[0][17] == pytest.approx(expected)
        (bars,) = [trace for trace in figure.data if trace.meta and trace.meta.get("values") == "lead"]
        assert bars.text[INDEPENDENT_LEADS.index("V2")] == f"{expected:+.1f}"


def test_the_difference_of_a_map_with_itself_is_nothing(attention: LeadTimeMap) -> None:
    figure = attention_figure(ecg(), attention, attention)
    assert not any(np.any(trace.z) for trace in figure.data if trace.meta and "blocks" in trace.meta)
    assert "difference" in figure.layout.coloraxis.colorbar.title.text
