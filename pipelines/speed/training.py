"""Training: the fast recipe against the paper's for the same network, the loader, and how near the machine's rate."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pipelines.speed.figure import Figure, median_seconds, seconds, seconds_in_turn
from suprem.configfile import load_config
from suprem.datasets.index import RecordIndex
from suprem.datasets.signal_store import SignalStore, build_signal_store
from suprem.ecg.preprocess import SPECS, SignalSpec
from suprem.model.config import ModelConfig
from suprem.model.supreme import SupremeModel
from suprem.resources import CONFIGS
from suprem.training.config import PretrainConfig, TrainConfig
from suprem.training.distributed import Workers
from suprem.training.loop import Learner
from suprem.training.query_bank import QueryBank
from suprem.training.query_objective import QueryLoss
from suprem.training.rows import LabelledRows

CONCEPTS = 71
TEXT_WIDTH = 384
RECORDS = 512
FAST_SHARE = 0.5
"""Share of the concepts that the fast recipe asks in a step."""

NETWORKS = {"compact": 32, "paper": 4}
"""Configuration whose network is trained, and records in a batch: the paper's 256 would take minutes a step here."""


def training_figures(networks: dict[str, int] | None = None, *, repeats: int = 5) -> list[Figure]:
    """Take steps by both recipes on noise: what is learned does not matter for the speed."""
    return [
        figure for name, batch in (networks or NETWORKS).items() for figure in _network_figures(name, batch, repeats)
    ]


def _network_figures(name: str, batch: int, repeats: int) -> Iterator[Figure]:
    config = load_config(PretrainConfig, CONFIGS / f"{name}.toml")
    model = replace(config.model, text_width=TEXT_WIDTH)
    fast = replace(
        load_config(PretrainConfig, CONFIGS / "compact.toml").training, batch=batch, query_share=FAST_SHARE, cpu=True
    )
    paper = replace(load_config(PretrainConfig, CONFIGS / "paper.toml").training, batch=batch, cpu=True)
    with tempfile.TemporaryDirectory() as folder:
        data = noise(Path(folder) / "store", SPECS[name], records=max(4 * batch, RECORDS if name == "compact" else 0))
        order = np.random.default_rng(0).permutation(len(data))
        parts = cycle(order[first : first + batch] for first in range(0, len(order) - batch + 1, batch))

        # Taken in turn, so that whatever else the machine does meets all of them alike.
        recipes = {"paper": paper, "fast": fast, "fast, all queries": replace(fast, query_share=1.0)}
        learners = {label: make_learner(model, recipe, fused=label != "paper") for label, recipe in recipes.items()}

        def step(label: str) -> None:
            learner, loss = learners[label]
            batch = [(*data.batch(next(parts)), recipes[label].token_keep_rate)]
            learner.descend(lambda: loss(batch), rate=1e-4)

        work = {label: partial(step, label) for label in recipes}
        times = seconds_in_turn(work | {"loader": lambda: data.batch(next(parts))}, repeats=repeats)
        products = products_of(work["fast"])
        share = share_of_own_rate(work["fast"], products, repeats=repeats)
    slow, quick, whole, loading = times.values()

    tokens = f"{fast.token_keep_rate:.0%} of the tokens"
    yield Figure(
        f"{name}: trained by the paper's recipe", batch / slow, "ECG/s", "all tokens, all queries, plain AdamW"
    )
    yield Figure(f"{name}: trained by the fast recipe", batch / quick, "ECG/s", f"{tokens}, half the queries, fused")
    yield Figure(f"{name}:   fast over paper", slow / quick, "", wanted=">= 3")
    yield Figure(f"{name}:   of it all queries, fast else", slow / whole, "", "as pipelines/configs/compact.toml is")
    yield Figure(f"{name}: loader over fast trainer", quick / loading, "", "reading and scaling a batch", ">= 5")
    yield Figure(f"{name}: step, share of its products' own rate", share, "", f"{len(products)} shapes", ">= 0.5")


def make_learner(model: ModelConfig, recipe: TrainConfig, *, fused: bool) -> tuple[Learner, QueryLoss]:
    """Return what takes a step of a recipe and its loss, for an untrained network and queries that mean nothing."""
    torch.manual_seed(0)
    network, workers = SupremeModel(model), Workers(cpu=True)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay, fused=fused)
    names = torch.randn(CONCEPTS, TEXT_WIDTH)
    queries = QueryBank(names=names, synonyms=[names[:3]] * CONCEPTS, rate=recipe.synonym_rate)
    loss = QueryLoss(network, workers.prepare(network), recipe, workers, queries)
    return Learner(network, optimizer, recipe, workers), loss


def noise(folder: Path, spec: SignalSpec, *, records: int) -> LabelledRows:
    """Store noise as if it were ECGs, and return all of it with labels that mean nothing."""
    random = np.random.default_rng(0)
    names = [f"noise-{row}" for row in range(records)]
    facts = {"fold": 1, "age": float("nan"), "sex": "", "device": ""}
    table = pd.DataFrame({"record_id": names, "patient_id": names, "path": names, **facts, "codes": [()] * records})
    signals = (np.float32(0.125) * random.standard_normal((len(spec.leads), spec.samples), np.float32) for _ in names)
    index = RecordIndex(corpus="noise", root=folder, table=table)
    store: SignalStore = build_signal_store(index, spec, folder, signals=signals)
    labels = (random.random((records, CONCEPTS)) < 0.05).astype(np.float32)
    return LabelledRows(store=store, rows=np.arange(records), labels=labels)


Shape = tuple[int, int, int, int]
"""Batch of matrix products of (rows, inner) by (inner, columns)."""


class _Products(TorchDispatchMode):
    """Notes the matrix products that torch carries out, those inside convolutions and attention among them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: dict[Shape, int] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for shape in _shapes(function.overloadpacket.__name__, args):
            self.found[shape] = self.found.get(shape, 0) + 1
        return function(*args, **(kwargs or {}))


def products_of(work: Callable[[], object]) -> dict[Shape, int]:
    """Return the matrix products that some work consists of: shape -> how often."""
    with _Products() as products:
        work()
    return products.found


def share_of_own_rate(work: Callable[[], object], products: dict[Shape, int], *, repeats: int) -> float:
    """Return the share of some work's time that its matrix products need by themselves: the work's rate over the rate
    that the machine shows for the same shapes and precision."""
    shares = []
    for _ in range(repeats):
        alone = sum(count * product_seconds(shape) for shape, count in products.items())
        shares.append(alone / seconds(work))
    return statistics.median(shares)


def product_seconds(shape: Shape) -> float:
    """Return how long one matrix product of a shape takes by itself, float32."""
    batch, rows, inner, columns = shape
    if batch == 1:
        a, b = torch.randn(rows, inner), torch.randn(inner, columns)
        return median_seconds(lambda: torch.mm(a, b), repeats=3)
    c, d = torch.randn(batch, rows, inner), torch.randn(batch, inner, columns)
    return median_seconds(lambda: torch.bmm(c, d), repeats=3)


def _shapes(name: str, args: Any) -> list[Shape]:
    if name in ("mm", "addmm"):
        a, b = args[-2:] if name == "mm" else args[1:3]
        return [(1, a.shape[0], a.shape[1], b.shape[1])]
    if name in ("bmm", "baddbmm"):
        a, b = args[:2] if name == "bmm" else args[1:3]
        return [(a.shape[0], a.shape[1], a.shape[2], b.shape[2])]
    if name == "convolution":
        return [_convolution(args[0].shape, args[1].shape, args[3][0])]
    if name == "convolution_backward":
        _, into, inner, steps = _convolution(args[1].shape, args[2].shape, args[4][0])
        wanted = args[10]
        return [(1, inner, into, steps)] * wanted[0] + [(1, into, steps, inner)] * wanted[1]
    if name == "_scaled_dot_product_flash_attention_for_cpu":
        query, key = args[0].shape, args[1].shape
        batch = query[0] * query[1]
        return [(batch, query[2], query[3], key[2]), (batch, query[2], key[2], query[3])]
    if name == "_scaled_dot_product_flash_attention_for_cpu_backward":
        query, key = args[1].shape, args[2].shape
        batch = query[0] * query[1]
        there, back = (batch, query[2], query[3], key[2]), (batch, query[2], key[2], query[3])
        return [there, there, back, (batch, key[2], query[2], query[3]), (batch, key[2], query[2], query[3])]
    return []


def _convolution(x: torch.Size, weight: torch.Size, stride: int) -> Shape:
    """Return the product that a one-dimensional convolution amounts to; its padding is taken to keep the length."""
    into, channels, width = weight
    return 1, into, channels * width, x[0] * (x[2] // stride)
