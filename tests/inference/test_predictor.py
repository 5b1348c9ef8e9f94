"""One door from record and words to scores: every way through it gives the same number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from suprem.concepts.query import CardiacQuery, Support, SupportIndex, SupportResult
from suprem.ecg.preprocess import preprocess
from suprem.ecg.record import INDEPENDENT_LEADS, LEADS, EcgRecord
from suprem.errors import BadSamplingRate, CheckpointError, EmbedderMismatch, QueryError
from suprem.inference import predictor as predictor_module
from suprem.inference import query_vectors
from suprem.inference.predictor import Predictor
from suprem.model.checkpoint import seal_checkpoint
from suprem.settings import Settings
from tests.fakes import FakeEmbedder
from tests.tiny import MODEL, SPEC, ecg, write_checkpoint

KNOWN = ["normal ECG", "atrial fibrillation", "LBBB"]
FREE = ["giant T waves", "delta wave"]


class CountingEmbedder(FakeEmbedder):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(32)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def predictor(folder: Path) -> Predictor:
    return Predictor.load(folder, embedder=CountingEmbedder())


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [ecg(seed=seed, heart_rate=50.0 + 10 * seed) for seed in range(3)]


def logits(predictor: Predictor, record: EcgRecord, queries: Sequence[str | CardiacQuery]) -> list[float]:
    return [answer.logit for answer in predictor.score(record, queries)]


def test_every_way_to_score_gives_the_same_number(predictor: Predictor, records: list[EcgRecord]) -> None:
    queries = KNOWN + FREE
    batch = predictor.score_batch(records, queries)
    signals = np.stack([preprocess(record, SPEC).signal for record in records])
    for record, row, prepared in zip(records, batch, predictor.score_signals(signals, queries), strict=True):
        found = [answer.logit for answer in row]
        assert logits(predictor, record, queries) == pytest.approx(found, abs=1e-5)
        assert [answer.logit for answer in prepared] == pytest.approx(found, abs=1e-5)
    assert np.array([[answer.logit for answer in row] for row in batch]).std(axis=0).min() > 1e-4


def test_sixteen_bits_change_little_and_everything_still_agrees(folder: Path, records: list[EcgRecord]) -> None:
    exact = Predictor.load(folder, embedder=CountingEmbedder())
    short = Predictor.configured(Settings(checkpoint=folder, precision="bfloat16"))
    signals = np.stack([preprocess(record, SPEC).signal for record in records])
    vectors = exact.vectors(KNOWN)
    rounded = short.logits(signals, vectors)
    assert rounded.dtype == np.float32
    assert not np.array_equal(rounded, exact.logits(signals, vectors)), "it is computed in 16 bits"
    assert rounded == pytest.approx(exact.logits(signals, vectors), abs=0.1)
    assert short.decode(short.encode(signals), vectors) == pytest.approx(rounded, abs=0.1)
    assert short.features(signals) == pytest.approx(exact.features(signals), abs=0.1)
    assert short.attention(records[0], KNOWN[0]).weights.sum() == pytest.approx(1, abs=0.01)


def test_an_answer_says_what_was_asked_and_how_well_it_is_supported(
    predictor: Predictor, records: list[EcgRecord]
) -> None:
    answers = predictor.score(records[0], ["  LBBB ", "zygomorphic gibberish"])
    assert answers[0].query == "LBBB"
    assert answers[0].prompt == "complete left bundle branch block"
    assert answers[0].support is Support.TRAINED
    assert answers[0].nearest[0] == ("complete left bundle branch block", pytest.approx(1.0))
    assert answers[1].support is Support.OUTSIDE
    assert all(answer.checkpoint == predictor.id for answer in answers)
    for answer in answers:
        assert answer.score == pytest.approx(1 / (1 + np.exp(-answer.logit)))


def test_more_records_than_a_batch_are_scored_in_their_order(predictor: Predictor, records: list[EcgRecord]) -> None:
    many = [records[i % 3] for i in range(predictor_module.BATCH + 2)]
    found = [row[0].logit for row in predictor.score_batch(many, KNOWN[:1])]
    once = [logits(predictor, record, KNOWN[:1])[0] for record in records]
    assert found == pytest.approx([once[i % 3] for i in range(len(many))], abs=1e-5)


def test_order_and_company_of_queries_change_no_score(predictor: Predictor, records: list[EcgRecord]) -> None:
    queries = KNOWN + FREE
    together = logits(predictor, records[0], queries)
    assert logits(predictor, records[0], queries[::-1])[::-1] == pytest.approx(together, abs=1e-5)
    alone = [logits(predictor, records[0], [query])[0] for query in queries]
    assert alone == pytest.approx(together, abs=1e-5)


def test_with_query_self_attention_company_does_change_scores(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_checkpoint(tmp_path, model=replace(MODEL, query_self_attention="full"))
    predictor = Predictor.load(folder, embedder=FakeEmbedder(32))
    alone = logits(predictor, records[0], KNOWN[:1])[0]
    assert logits(predictor, records[0], KNOWN)[0] != pytest.approx(alone, abs=1e-5)


def test_typed_text_and_a_query_are_the_same(predictor: Predictor, records: list[EcgRecord]) -> None:
    queries = predictor.ask(KNOWN + FREE)
    assert predictor.score(records[0], queries) == predictor.score(records[0], KNOWN + FREE)


def test_nothing_asked_or_nothing_given_is_answered_with_nothing(
    predictor: Predictor, records: list[EcgRecord]
) -> None:
    assert predictor.score_batch(records, []) == [[], [], []]
    assert predictor.score_batch([], KNOWN) == []


def test_words_of_the_vocabulary_need_no_text_encoder(
    folder: Path, records: list[EcgRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, **_options: Any) -> Any:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(query_vectors, "load_embedder", refuse)
    predictor = Predictor.load(folder)
    assert len(predictor.score(records[0], [*KNOWN, "AFIB", "unremarkable ECG"])) == 5
    with pytest.raises(AssertionError, match="fake was loaded"):
        predictor.score(records[0], FREE)


def test_a_free_text_is_embedded_once(predictor: Predictor, records: list[EcgRecord]) -> None:
    embedder = predictor._queries._embedder
    assert isinstance(embedder, CountingEmbedder)
    first = predictor.vectors([*FREE, KNOWN[0], FREE[0]])
    assert sorted(embedder.asked) == sorted(query.prompt for query in predictor.ask(FREE))
    predictor.score(records[0], FREE)
    assert len(embedder.asked) == 2
    assert np.array_equal(first[0], first[3])
    assert np.array_equal(first[2], FakeEmbedder(32).embed(["normal ecg"])[0]) or first[2].any()


def test_a_query_is_held_against_the_vocabulary_once(
    folder: Path, records: list[EcgRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor.load(folder, embedder=FakeEmbedder(32))
    looked_at: list[str] = []
    of = SupportIndex.of

    def count(index: SupportIndex, query: CardiacQuery, vector: NDArray[np.float32]) -> SupportResult:
        looked_at.append(query.text)
        return of(index, query, vector)

    monkeypatch.setattr(SupportIndex, "of", count)
    texts = [*KNOWN, *FREE]
    first = predictor.score(records[0], texts)
    assert sorted(looked_at) == sorted(texts)
    again = predictor.score(records[1], [*reversed(texts), predictor.ask(texts)[0]])
    assert len(looked_at) == len(texts)
    assert {one.query: (one.support, one.nearest) for one in first} == {
        one.query: (one.support, one.nearest) for one in again
    }


def test_everything_of_a_record_can_be_had_from_one_encoding(predictor: Predictor, records: list[EcgRecord]) -> None:
    encoded = predictor.encode_record(records[0])
    assert predictor.score(encoded, KNOWN) == predictor.score(records[0], KNOWN)
    assert predictor.wording_spread(encoded, ["LBBB"]) == predictor.wording_spread(records[0], ["LBBB"])
    prepared = preprocess(records[0], predictor.spec).signal[None]
    assert predictor.familiarity(encoded) == predictor.familiarity(prepared)


def test_only_so_many_texts_are_remembered(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "REMEMBERED_QUERIES", 2)
    texts = [f"wave number {word}" for word in ("alpha", "beta", "gamma", "delta")]
    expected = predictor.vectors(texts)
    assert len(predictor._queries._remembered) == 2
    assert np.array_equal(predictor.vectors(texts), expected)


def test_vectors_are_right_from_many_threads(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_vectors, "REMEMBERED_QUERIES", 8)
    texts = [f"wave {word}" for word in "abcdefghijklmnop"]
    asked = [query.prompt for query in predictor.ask(texts)]
    expected = dict(zip(texts, FakeEmbedder(32).embed(asked), strict=True))

    def ask(seed: int) -> bool:
        mine = np.random.default_rng(seed).permutation(texts)[:6].tolist()
        return np.array_equal(predictor.vectors(mine), np.stack([expected[text] for text in mine]))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(60)))


def test_attention_is_a_map_of_twelve_leads_and_forty_patches(predictor: Predictor, records: list[EcgRecord]) -> None:
    found = predictor.attention(records[0], "atrial fibrillation")
    assert found.weights.shape == (12, 40)
    assert found.weights.sum() == pytest.approx(1.0)
    derived = [LEADS.index(name) for name in LEADS if name not in INDEPENDENT_LEADS]
    assert not found.weights[derived].any()
    assert (np.delete(found.weights, derived, axis=0) > 0).all()
    other = predictor.attention(records[0], "giant T waves")
    assert not np.allclose(other.weights, found.weights, atol=1e-5), "each query looks its own way"


def test_attention_never_rests_on_what_was_not_recorded(predictor: Predictor, records: list[EcgRecord]) -> None:
    signal = records[0].signal.copy()
    signal[LEADS.index("V3")] = np.nan
    signal = signal[:, :4000]
    found = predictor.attention(replace(records[0], signal=signal), "atrial fibrillation")
    assert not found.weights[LEADS.index("V3")].any()
    assert not found.weights[:, 32:].any()
    assert found.weights.sum() == pytest.approx(1.0)


def test_attention_and_scores_from_many_threads_do_not_meet(predictor: Predictor, records: list[EcgRecord]) -> None:
    expected = predictor.attention(records[0], KNOWN[1]).weights
    scores = logits(predictor, records[1], KNOWN)

    def attend(_: int) -> bool:
        return np.allclose(predictor.attention(records[0], KNOWN[1]).weights, expected, atol=1e-6)

    def score(_: int) -> bool:
        return logits(predictor, records[1], KNOWN) == pytest.approx(scores, abs=1e-5)

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(job, i) for i in range(10) for job in (attend, score)]
        assert all(job.result() for job in jobs)


@pytest.mark.parametrize("change", [{"fusion": "linear"}, {"encoder": "resnet18"}])
def test_an_ablation_without_attention_over_leads_says_so(
    tmp_path: Path, records: list[EcgRecord], change: dict[str, Any]
) -> None:
    predictor = Predictor.load(write_checkpoint(tmp_path, model=replace(MODEL, **change)))
    assert len(predictor.score(records[0], KNOWN)) == 3
    with pytest.raises(CheckpointError, match="no attention over leads and time"):
        predictor.attention(records[0], KNOWN[0])


def test_features_are_one_row_per_record_in_batches(predictor: Predictor, records: list[EcgRecord]) -> None:
    signals = np.stack([preprocess(record, SPEC).signal for record in records])
    features = predictor.features(np.tile(signals, (predictor_module.BATCH // 3 + 1, 1, 1)))
    assert features.shape == (predictor_module.BATCH // 3 * 3 + 3, 16)
    assert np.allclose(features[:3], features[-3:], atol=1e-5)
    assert np.allclose(predictor.features(signals[1:2])[0], features[1], atol=1e-5)
    assert features[:3].std(axis=0).max() > 1e-4


@pytest.mark.parametrize("change", [{"content_hash": "0" * 64}, {"name": "other"}])
def test_another_text_encoder_is_refused(folder: Path, change: dict[str, str]) -> None:
    embedder = FakeEmbedder(32)
    for name, value in change.items():
        setattr(embedder, name, value)
    with pytest.raises(EmbedderMismatch, match="was trained with text encoder fake"):
        Predictor.load(folder, embedder=embedder)


def test_another_text_encoder_is_refused_when_it_is_loaded_late(
    folder: Path, records: list[EcgRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_vectors, "load_embedder", lambda _name, **_options: FakeEmbedder(16))
    predictor = Predictor.load(folder)
    with pytest.raises(EmbedderMismatch):
        predictor.score(records[0], FREE)


def test_a_query_or_record_that_cannot_be_used_is_refused(predictor: Predictor, records: list[EcgRecord]) -> None:
    with pytest.raises(QueryError, match="empty"):
        predictor.score(records[0], ["  "])
    with pytest.raises(BadSamplingRate, match="at least 5 s"):
        predictor.score(replace(records[0], signal=records[0].signal[:, :1500]), KNOWN)


def edit_vectors(folder: Path, **changes: Any) -> None:
    vectors = load_file(folder / "queries.safetensors")
    save_file(
        {name: changes[name](value).contiguous() if name in changes else value for name, value in vectors.items()},
        folder / "queries.safetensors",
    )


def edit_config(folder: Path, key: str, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    config[key].update(changes)
    (folder / "config.json").write_text(json.dumps(config))


DAMAGES = {
    "a vocabulary that is none": lambda folder: (folder / "vocabulary.json").write_text("{}"),
    "an empty vocabulary": lambda folder: (folder / "vocabulary.json").write_text('{"concepts":[]}'),
    "a signal of another kind": lambda folder: edit_config(folder, "signal", colour="red"),
    "an impossible signal": lambda folder: edit_config(folder, "signal", fs=10),
    "a signal of other leads": lambda folder: edit_config(folder, "signal", leads=["I", "II"]),
    "a signal of another length": lambda folder: edit_config(folder, "signal", seconds=20.0),
    "fewer names": lambda folder: edit_vectors(folder, names=lambda names: names[1:]),
    "narrower names": lambda folder: edit_vectors(folder, names=lambda names: names[:, 1:]),
    "fewer wordings": lambda folder: edit_vectors(folder, wordings=lambda wordings: wordings[1:]),
    "no names": lambda folder: save_file({"wordings": torch.zeros(4, 32)}, folder / "queries.safetensors"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_parts_that_do_not_fit_together_are_a_checkpoint_error(tmp_path: Path, damage: Any) -> None:
    damage(write_checkpoint(tmp_path))
    seal_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="damaged"):
        Predictor.load(tmp_path)


def test_wordings_of_an_older_dictionary_are_embedded_anew(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_checkpoint(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["wordings"][0] = "as it was once"
    (folder / "config.json").write_text(json.dumps(config))
    seal_checkpoint(folder)
    embedder = CountingEmbedder()
    predictor = Predictor.load(folder, embedder=embedder)
    assert set(embedder.asked) == set(predictor.vocabulary.texts)
    assert predictor.score(records[0], ["unremarkable ECG"])[0].support is Support.TRAINED


def test_a_trained_finding_is_scored_in_each_of_its_wordings_and_other_words_are_not(
    predictor: Predictor, records: list[EcgRecord]
) -> None:
    spreads = predictor.wording_spread(records[0], ["LBBB", "atrial fibrillation", "delta wave"])
    assert spreads.keys() == {"LBBB"}, "one wording makes no span"
    spread = spreads["LBBB"]
    assert spread.scores.keys() == {"complete left bundle branch block", "left bundle branch block"}
    (named,) = predictor.score(records[0], ["LBBB"])
    assert spread.scores[named.prompt] == pytest.approx(named.score, abs=1e-6)
    assert spread.lowest < spread.highest
