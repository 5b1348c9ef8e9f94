"""Occlusion is what scoring a masked signal gives, for every query from one encoding; attention is held against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import LEADS
from suprem.inference.explain import ReadRecord, agreement, explain, read_record, score_text
from suprem.inference.occlusion import OcclusionMap
from suprem.inference.predictor import Predictor
from tests.fakes import FakeEmbedder
from tests.tiny import SPEC, ecg, write_checkpoint

QUERIES = ["atrial fibrillation", "delta wave"]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return Predictor.load(write_checkpoint(tmp_path_factory.mktemp("checkpoint")), embedder=FakeEmbedder(32))


@pytest.fixture(scope="module")
def read(predictor: Predictor) -> ReadRecord:
    return read_record(predictor, ecg(seed=3))


def test_a_part_is_left_out_as_if_it_had_not_been_recorded(predictor: Predictor, read: ReadRecord) -> None:
    signal = preprocess(ecg(seed=3), SPEC).signal
    without_lead, without_second, without_cell = signal.copy(), signal.copy(), signal.copy()
    v2 = SPEC.leads.index("V2")
    without_lead[v2] = 0.0
    without_second[:, 400:500] = 0.0
    without_cell[v2, 400:500] = 0.0
    copies = np.stack([signal, without_lead, without_second, without_cell])
    expected = predictor.logits(copies, predictor.vectors(QUERIES))
    for column, found in enumerate(explain(predictor, read, QUERIES)):
        occlusion = found.occlusion
        assert occlusion.logit == pytest.approx(expected[0, column], abs=1e-5)
        changes = (occlusion.leads[LEADS.index("V2")], occlusion.seconds[4], occlusion.cells[LEADS.index("V2"), 4])
        assert np.array(changes) == pytest.approx(expected[1:, column] - expected[0, column], abs=1e-5)
        assert occlusion.cells.shape == (12, 10)
        assert not occlusion.cells[LEADS.index("aVF")].any(), "a lead that is not read changes nothing"


def test_the_attention_is_that_of_the_predictor_and_no_query_depends_on_the_others(
    predictor: Predictor, read: ReadRecord
) -> None:
    together = explain(predictor, read, QUERIES)
    for query, found in zip(QUERIES, together, strict=True):
        (alone,) = explain(predictor, read, [query])
        assert found.attention.weights == pytest.approx(predictor.attention(ecg(seed=3), query).weights, abs=1e-6)
        assert found.occlusion.cells == pytest.approx(alone.occlusion.cells, abs=1e-5)
    assert explain(predictor, read, []) == []


def test_the_usual_attention_is_the_mean_over_the_trained_concepts(predictor: Predictor, read: ReadRecord) -> None:
    (found,) = explain(predictor, read, QUERIES[:1])
    maps = [predictor.attention(ecg(seed=3), name).weights for name in predictor.vocabulary.names]
    assert found.usual.weights == pytest.approx(np.mean(maps, axis=0), abs=1e-6)
    assert found.agreement == agreement(found.attention, found.occlusion, found.usual)
    assert found.looked_at == LEADS[int((found.attention.per_lead - found.usual.per_lead).argmax())]


def test_contributions_are_held_against_occlusion(predictor: Predictor, read: ReadRecord) -> None:
    found = explain(predictor, read, QUERIES)[1]
    same = replace(found, occlusion=replace(found.occlusion, cells=-3 * found.contribution.per_second_and_lead))
    assert same.upheld == pytest.approx(1.0)
    assert "largely agree: rank correlation 1.00" in same.contribution_sentence()
    most = LEADS[int(found.contribution.per_lead.argmax())]
    assert f"Most is added by {most}" in found.contribution_sentence()
    nothing = replace(found, occlusion=replace(found.occlusion, cells=np.zeros((12, 10), np.float32)))
    assert nothing.upheld is None
    assert "cannot be compared" in nothing.contribution_sentence()


def test_agreement_is_one_for_the_same_order_and_none_where_nothing_differs(
    predictor: Predictor, read: ReadRecord
) -> None:
    found = explain(predictor, read, QUERIES)[0]
    by_second = found.attention.weights.reshape(12, 10, 4).sum(axis=2)
    same = replace(found.occlusion, cells=-by_second)
    assert agreement(found.attention, same) == pytest.approx(1.0)
    assert agreement(found.attention, replace(same, cells=np.zeros((12, 10), np.float32))) is None


def test_the_sentence_names_what_was_looked_at_and_what_the_answer_rests_on(
    predictor: Predictor, read: ReadRecord
) -> None:
    found = explain(predictor, read, QUERIES)[0]
    leads = np.zeros(12, np.float32)
    leads[LEADS.index("V5")] = -2.0
    occlusion = OcclusionMap(0.0, found.occlusion.cells, leads, found.occlusion.seconds, SPEC.leads, 0.0)
    for value, words in (
        (0.7, "largely agree"),
        (0.4, "agree in part"),
        (0.1, "disagree"),
        (None, "cannot be compared"),
    ):
        sentence = replace(found, occlusion=occlusion, agreement=value).sentence()
        assert words in sentence
        assert f"most attention is on {found.looked_at};" in sentence
        assert "leaving out V5 changes the answer most, from a score of 0.50 to 0.12" in sentence
    assert score_text(0.0042) == "0.004"


def test_how_much_a_map_depends_on_the_query_is_told(predictor: Predictor, read: ReadRecord) -> None:
    (found,) = explain(predictor, read, QUERIES[:1])
    same = replace(found, usual=found.attention)
    assert same.likeness == pytest.approx(1.0)
    assert "depends hardly" in same.dependence_sentence()
    assert found.likeness is not None
    assert f"{found.likeness:.2f}" in found.dependence_sentence()
    even = replace(found.attention, weights=np.ones_like(found.attention.weights))
    assert replace(found, attention=even).likeness is None
