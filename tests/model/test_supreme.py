"""The whole network: its shapes, what its logits may depend on, and its ablations."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from suprem.model.config import ModelConfig
from suprem.model.ecg_encoder import EcgEncoder
from suprem.model.hybrid_encoder import HybridEncoder
from suprem.model.supreme import SupremeModel
from tests.tiny import SMALL_MODEL, network

TOKENS = 40
VARIANTS = {
    "vit-cfn": SMALL_MODEL,
    "vit-full": replace(SMALL_MODEL, query_self_attention="full"),
    "conv": replace(SMALL_MODEL, stem="conv"),
    "hybrid": replace(SMALL_MODEL, encoder="hybrid", lead_channels=4, stem_width=8, match_queries=True),
    "resnet18-cfn": replace(SMALL_MODEL, encoder="resnet18"),
    "vit-linear": replace(SMALL_MODEL, fusion="linear"),
    "resnet18-linear": replace(SMALL_MODEL, encoder="resnet18", fusion="linear"),
    "paper's input": replace(SMALL_MODEL, hide_empty_patches=False, whiten_queries=False, drop_path=0.2, dropout=0.1),
}


@pytest.fixture
def ecg() -> Tensor:
    return torch.randn(3, 2, 500)


@pytest.fixture
def queries() -> Tensor:
    return torch.randn(5, 32)


def test_the_default_model_is_the_papers_in_shape_and_size() -> None:
    model = SupremeModel(ModelConfig()).eval()
    with torch.no_grad():
        memory, visible = model.encode(torch.randn(1, 12, 5000))
        logits = model(torch.randn(2, 12, 5000), torch.randn(3, 768))
        features = model.features(torch.randn(1, 12, 5000))
    assert memory.shape == (1, 480, 256)
    assert visible is None
    assert logits.shape == (2, 3)
    assert features.shape == (1, 192)
    parameters = sum(p.numel() for p in model.parameters())
    blocks = sum(p.numel() for p in model.encoder.blocks[0].parameters())
    assert blocks == 444_864, "a block of ViT-tiny"
    assert 9_500_000 < parameters < 11_000_000


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_runs_and_learns_in_one_step(config: ModelConfig, ecg: Tensor, queries: Tensor) -> None:
    model = SupremeModel(config).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    labels = torch.ones(3, 5)
    loss = F.binary_cross_entropy_with_logits(model(ecg, queries), labels)
    loss.backward()
    without = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert not without, "every weight takes part"
    optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(ecg, queries)
    assert logits.shape == (3, 5)
    assert torch.isfinite(logits).all()
    assert model.features(ecg).shape == (3, model.encoder.out_width)
    assert F.binary_cross_entropy_with_logits(logits, labels) != loss


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
@torch.no_grad()
def test_the_order_of_queries_permutes_the_logits(config: ModelConfig, ecg: Tensor, queries: Tensor) -> None:
    model = network(config)
    order = torch.tensor([3, 0, 4, 2, 1])
    logits = model(ecg, queries)
    assert torch.allclose(model(ecg, queries[order]), logits[:, order], atol=1e-5)
    assert logits.std(dim=1).min() > 1e-3, "queries matter"
    assert logits.std(dim=0).min() > 1e-4, "records matter"


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
@torch.no_grad()
def test_company_matters_only_with_query_self_attention(config: ModelConfig, ecg: Tensor, queries: Tensor) -> None:
    model = network(config)
    together = model(ecg, queries)
    alone = torch.cat([model(ecg, query[None]) for query in queries], dim=1)
    depends = not torch.allclose(together, alone, atol=1e-5)
    assert depends == (config.fusion == "cfn" and config.query_self_attention == "full")


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
@torch.no_grad()
def test_other_records_in_the_batch_change_nothing(config: ModelConfig, ecg: Tensor, queries: Tensor) -> None:
    model = network(config)
    ecg[1, 1] = 0.0  # so that the batch has a mask that its other records alone would not have
    together = model(ecg, queries)
    alone = torch.cat([model(record[None], queries) for record in ecg])
    assert torch.allclose(together, alone, atol=1e-5)


@torch.no_grad()
def test_hidden_patches_change_nothing(ecg: Tensor, queries: Tensor) -> None:
    model = network(SMALL_MODEL)
    ecg[:, 1] = 0.0  # lead 1 is absent
    ecg[:, 0, -100:] = 0.0  # four patches of padding
    before = model(ecg, queries)
    model.encoder.lead_embedding[1] += torch.randn(16)
    assert torch.equal(model(ecg, queries), before)
    model.encoder.position_embedding[:, -4:] += torch.randn(16)
    assert torch.equal(model(ecg, queries), before)
    model.encoder.position_embedding[:, 0] += torch.randn(16)
    assert not torch.allclose(model(ecg, queries), before, atol=1e-3), "else nothing would be hidden from anything"


@torch.no_grad()
def test_without_hiding_empty_patches_speak(ecg: Tensor, queries: Tensor) -> None:
    model = network(replace(SMALL_MODEL, hide_empty_patches=False))
    ecg[:, 1] = 0.0
    before = model(ecg, queries)
    model.encoder.lead_embedding[1] += torch.randn(16)
    assert not torch.allclose(model(ecg, queries), before, atol=1e-3)


@torch.no_grad()
def test_hidden_patches_of_the_hybrid_are_not_asked(ecg: Tensor, queries: Tensor) -> None:
    model = network(VARIANTS["hybrid"])
    ecg[:, 1] = 0.0
    ecg[:, 0, -100:] = 0.0
    before = model(ecg, queries)
    model.encoder.lead_embedding[1] += torch.randn(16)
    model.encoder.position_embedding[-4:] += torch.randn(16)
    assert torch.equal(model(ecg, queries), before)
    model.encoder.lead_embedding[0] += torch.randn(16)
    assert not torch.allclose(model(ecg, queries), before, atol=1e-3), "else nothing would be hidden from anything"


@torch.no_grad()
def test_the_hybrid_keeps_one_token_per_lead_and_patch_and_reads_one_stretch_in_training(ecg: Tensor) -> None:
    encoder = HybridEncoder(replace(VARIANTS["hybrid"], depth=1)).eval()
    encoder.blocks = torch.nn.ModuleList()  # moments stay what the convolutions made of them
    everything, _ = encoder(ecg)
    assert everything.shape == (3, TOKENS, 16)
    stretch, _ = encoder(ecg, keep=0.5)  # 10 of 20 patches of each lead
    assert stretch.shape == (3, 20, 16)
    inner = stretch.unflatten(1, (2, 10))[:, :, 2:-2]  # its edges see no neighbours
    places = [
        first
        for first in range(11)
        if torch.allclose(inner, everything.unflatten(1, (2, 20))[:, :, first + 2 : first + 8], atol=1e-5)
    ]
    assert len(places) == 1


@pytest.mark.parametrize("name", ["vit-cfn", "vit-linear", "hybrid"])
@torch.no_grad()
def test_a_record_without_any_signal_still_gives_numbers(name: str, queries: Tensor) -> None:
    model = network(VARIANTS[name])
    assert torch.isfinite(model(torch.zeros(2, 2, 500), queries)).all()
    assert torch.isfinite(model.features(torch.zeros(2, 2, 500))).all()


@pytest.mark.parametrize(("keep", "expected"), [(1.0, 40), (0.4, 16), (0.35, 14), (0.51, 20), (0.001, 1)])
def test_keep_uses_that_share_of_the_tokens(keep: float, expected: int, ecg: Tensor) -> None:
    encoder = EcgEncoder(SMALL_MODEL)
    ecg[0, 0] = 0.0
    tokens, visible = encoder(ecg, keep=keep)
    assert tokens.shape == (3, expected, 16)
    assert visible is not None
    assert visible.shape == (3, expected)


@torch.no_grad()
def test_kept_tokens_are_distinct_and_carry_their_own_mask_and_place(ecg: Tensor) -> None:
    encoder = EcgEncoder(replace(SMALL_MODEL, depth=1)).eval()
    encoder.blocks = torch.nn.ModuleList()  # tokens stay what the stem made of them
    ecg[:, 1] = 0.0
    everything, all_visible = encoder(ecg)
    some, visible = encoder(ecg, keep=0.5)
    assert visible is not None
    assert all_visible is not None
    for record in range(3):
        matches = [
            [i for i in range(TOKENS) if torch.allclose(token, everything[record, i], atol=1e-6)]
            for token in some[record]
        ]
        positions = [match[0] for match in matches]
        assert all(len(match) == 1 for match in matches)
        assert len(set(positions)) == 20
        assert torch.equal(visible[record], all_visible[record, positions])


def test_a_step_on_few_tokens_of_a_nearly_empty_record_gives_finite_gradients(queries: Tensor) -> None:
    ecg = torch.zeros(8, 2, 500)
    ecg[:, 0, :25] = 1.0  # 1 of 40 patches; most draws keep none of it
    model = SupremeModel(SMALL_MODEL).train()
    model(ecg, queries, keep=0.1).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@torch.no_grad()
def test_whitening_sets_near_opposites_apart_and_is_part_of_the_weights() -> None:
    model = SupremeModel(SMALL_MODEL).eval()
    shared = torch.randn(32)
    wordings = shared + 0.1 * torch.randn(200, 32)
    seen: list[Tensor] = []
    model.project_query.register_forward_hook(lambda _m, args, _o: seen.append(args[0]))
    model.embed_queries(wordings[:50])
    model.fit_whitening(wordings)
    model.embed_queries(wordings[:50])
    before, after = (F.cosine_similarity(x[:-1], x[1:]).abs().mean() for x in seen)
    assert before > 0.9
    assert after < 0.5
    assert {"query_mean", "query_whitening"} <= set(model.state_dict())


def test_the_prior_is_where_the_logits_start(ecg: Tensor, queries: Tensor) -> None:
    model = SupremeModel(SMALL_MODEL).eval()
    model.fusion.init_prior(0.05)
    with torch.no_grad():
        assert model(ecg, queries).sigmoid().mean() == pytest.approx(0.05, abs=0.01)
