"""A checkpoint comes back bit for bit, or not at all and with a reason."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import CheckpointError
from suprem.model.checkpoint import (
    CARD,
    NEEDED,
    has_training_state,
    load_checkpoint,
    load_training_state,
    save_training_state,
    write_card,
)
from suprem.model.manifest import BANK, MANIFEST
from suprem.model.supreme import SupremeModel
from suprem.model_card import ModelCard
from tests.fakes import FakeEmbedder
from tests.tiny import MODEL, SMALL_MODEL, VOCABULARY, network, small_files_only, write_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "checkpoint")


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def truncate(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def test_a_round_trip_is_bit_equal(folder: Path) -> None:
    loaded = load_checkpoint(folder)
    expected = network(MODEL).state_dict()
    assert loaded.model.config == MODEL
    assert not loaded.model.training
    assert expected.keys() == loaded.model.state_dict().keys()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.model.state_dict().items())
    ecg, queries = torch.randn(2, 8, 1000), torch.randn(3, 32)
    with torch.no_grad():
        assert torch.equal(loaded.model(ecg, queries), network(MODEL)(ecg, queries))
    assert loaded.encoder.content_hash == FakeEmbedder(32).content_hash
    assert loaded.vocabulary == VOCABULARY.to_json()
    assert loaded.wordings == tuple(VOCABULARY.texts)
    assert torch.equal(loaded.vectors["names"], torch.from_numpy(FakeEmbedder(32).embed(VOCABULARY.prompts)))
    assert loaded.signal["leads"][:2] == ["I", "II"]
    assert loaded.card == ModelCard(intended_use="Tests.")


def test_the_id_names_the_weights(folder: Path, tmp_path: Path) -> None:
    same = write_checkpoint(tmp_path / "same")
    other = write_checkpoint(tmp_path / "other", model=replace(MODEL, mlp_width=20))
    assert load_checkpoint(same).id == load_checkpoint(folder).id
    assert load_checkpoint(other).id != load_checkpoint(folder).id
    assert len(load_checkpoint(folder).id) == 12


def test_a_folder_holds_the_five_files_their_manifest_and_nothing_temporary(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*NEEDED, MANIFEST}
    assert load_file(folder / "queries.safetensors").keys() == {"names", "wordings"}


def test_a_full_disk_leaves_the_earlier_checkpoint_as_it_was(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    many_concepts = Vocabulary(tuple(Concept(f"C{number}", f"concept {number}") for number in range(1000)))
    for limit in (100, len(before["model.safetensors"]) + 1000):  # not even the weights fit, or all but the vectors
        with small_files_only(limit), pytest.raises(CheckpointError, match="Make room on the disk"):
            write_checkpoint(folder, vocabulary=many_concepts)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    **{
        f"no {name}": (lambda folder, name=name: (folder / name).unlink(), f"not a complete checkpoint: {name} missing")
        for name in NEEDED
    },
    "truncated weights": (lambda folder: truncate(folder / "model.safetensors", 5000), "damaged"),
    "empty weights": (lambda folder: truncate(folder / "model.safetensors", 0), "damaged"),
    "truncated vectors": (lambda folder: truncate(folder / "queries.safetensors", 50), "damaged"),
    "other weights": (
        lambda folder: (folder / "model.safetensors").write_bytes((folder / "queries.safetensors").read_bytes()),
        "other sizes",
    ),
    "truncated configuration": (lambda folder: truncate(folder / "config.json", 40), "damaged"),
    "configuration of another kind": (lambda folder: (folder / "config.json").write_text("[]"), "damaged"),
    "not text": (lambda folder: (folder / "vocabulary.json").write_bytes(b"\xff\xfe\xfa"), "damaged"),
    "unknown key": (lambda folder: edit(folder, lambda c: c["model"].update(colour="red")), "colour"),
    "no model": (lambda folder: edit(folder, lambda c: c.pop("model")), "'model'"),
    "no wordings": (lambda folder: edit(folder, lambda c: c.pop("wordings")), "'wordings'"),
    "impossible sizes": (lambda folder: edit(folder, lambda c: c["model"].update(heads=0)), "heads must be at least 1"),
    "text for a size": (lambda folder: edit(folder, lambda c: c["model"].update(width="16")), "damaged"),
    "wrong shapes": (lambda folder: edit(folder, lambda c: c["model"].update(mlp_width=17)), "other sizes"),
    "more layers": (lambda folder: edit(folder, lambda c: c["model"].update(depth=2)), "other sizes"),
    "other format": (
        lambda folder: edit(folder, lambda c: c.update(format=9)),
        "^The checkpoint has format 9; this version reads format 1",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_every_damage_is_one_clear_sentence(folder: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def flip(path: Path) -> None:
    """Change one bit near the end, which every one of the formats survives."""
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def exchange_vectors(folder: Path) -> None:
    vectors = load_file(folder / "queries.safetensors")
    vectors["names"] = vectors["names"].flip(0)
    save_file(vectors, folder / "queries.safetensors")


EXCHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "vectors of other concepts": (exchange_vectors, "queries.safetensors changed"),
    "a bit of the vectors": (lambda folder: flip(folder / "queries.safetensors"), "queries.safetensors changed"),
    "a bit of the weights": (lambda folder: flip(folder / "model.safetensors"), "model.safetensors changed"),
    "a setting": (lambda folder: edit(folder, lambda c: c["signal"].update(fs=250.0)), "config.json changed"),
    "another card": (lambda folder: (folder / CARD).write_text("{}"), "model_card.json changed"),
    "a bank that came later": (lambda folder: (folder / BANK).write_bytes(b"bank"), f"{BANK} changed"),
    "a damaged manifest": (
        lambda folder: (folder / MANIFEST).write_text("[]"),
        "manifest of the checkpoint .* damaged",
    ),
}


@pytest.mark.parametrize(("change", "message"), EXCHANGES.values(), ids=EXCHANGES)
def test_what_was_exchanged_or_damaged_after_it_was_written_is_refused(
    folder: Path, change: Callable[[Path], object], message: str
) -> None:
    """The id names the weights alone; with other vectors the same id gave a wholly different score."""
    assert load_checkpoint(folder).sealed
    change(folder)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(folder)


def test_a_card_that_is_written_through_the_door_stays_sealed(folder: Path) -> None:
    write_card(folder, ModelCard(intended_use="Other."))
    assert load_checkpoint(folder).card == ModelCard(intended_use="Other.")
    assert load_checkpoint(folder).sealed


def test_the_card_of_another_checkpoint_is_refused_without_a_manifest_too(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    assert not load_checkpoint(folder).sealed
    (folder / CARD).write_text(json.dumps({"validation": {"checkpoint": "0123456789ab"}}))
    with pytest.raises(CheckpointError, match="has the figures of checkpoint 0123456789ab"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "queries.safetensors"])
def test_values_that_are_no_numbers_are_refused(folder: Path, name: str) -> None:
    values = load_file(folder / name)
    first = next(iter(values.values()))
    first.view(-1)[0] = float("nan")
    save_file(values, folder / name)
    with pytest.raises(CheckpointError, match="that are no numbers"):
        load_checkpoint(folder)


def test_a_writer_killed_at_any_moment_leaves_the_old_checkpoint_the_new_one_or_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once weights came after the card: a kill between the two left the new figures on the old weights."""
    moved: list[str] = []
    replace_file = Path.replace

    def killed_after(moves: int) -> None:
        def move(self: Path, target: Path) -> Path:
            if len(moved) == moves:
                raise KeyboardInterrupt
            moved.append(Path(target).name)
            return replace_file(self, target)

        moved.clear()
        monkeypatch.setattr(Path, "replace", move)

    for moves in range(1, 6):
        write_checkpoint(folder)
        killed_after(moves)
        with pytest.raises(KeyboardInterrupt):
            write_checkpoint(folder, model=replace(MODEL, mlp_width=20))
        monkeypatch.setattr(Path, "replace", replace_file)
        assert moved[0] == "model.safetensors"
        with pytest.raises(CheckpointError):
            load_checkpoint(folder)


def test_a_folder_that_is_not_there_is_an_incomplete_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Train one with: suprem pretrain"):
        load_checkpoint(tmp_path / "nowhere")


def stepped(model: SupremeModel) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    model(torch.randn(2, 2, 500), torch.randn(3, 32)).sum().backward()
    optimizer.step()
    return optimizer


def test_a_training_state_comes_back_with_optimiser_and_counters(tmp_path: Path) -> None:
    model = SupremeModel(SMALL_MODEL)
    optimizer = stepped(model)
    state = {"step": 3, "best_auroc": float("-inf"), "random": torch.get_rng_state()}
    save_training_state(tmp_path, model=model, optimizer=optimizer, state=state)
    again = network(SMALL_MODEL, seed=1)
    its_optimizer = torch.optim.AdamW(again.parameters(), fused=True)
    restored = load_training_state(tmp_path, model=again, optimizer=its_optimizer)
    assert restored["step"] == 3
    assert torch.equal(restored["random"], state["random"])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    for before, after in zip(optimizer.state.values(), its_optimizer.state.values(), strict=True):
        assert all(torch.equal(before[name], after[name]) for name in ("step", "exp_avg", "exp_avg_sq"))


class Intruder:
    """Runs a command when unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_a_training_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"model": Intruder(tmp_path / "trace"), "optimizer": {}, "state": {}}, tmp_path / "training.ckpt")
    model = SupremeModel(SMALL_MODEL)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_training_state(tmp_path, model=model, optimizer=torch.optim.AdamW(model.parameters()))
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_training_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "training.ckpt").write_bytes(content)
    model = SupremeModel(SMALL_MODEL)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_training_state(tmp_path, model=model, optimizer=torch.optim.AdamW(model.parameters()))


def test_a_training_state_of_another_network_is_refused(tmp_path: Path) -> None:
    model = SupremeModel(SMALL_MODEL)
    save_training_state(tmp_path, model=model, optimizer=stepped(model), state={})
    other = SupremeModel(replace(SMALL_MODEL, depth=2))
    with pytest.raises(CheckpointError, match="other sizes"):
        load_training_state(tmp_path, model=other, optimizer=torch.optim.AdamW(other.parameters()))


def test_whether_there_is_something_to_resume_is_known(tmp_path: Path) -> None:
    assert not has_training_state(tmp_path / "last")
    model = SupremeModel(SMALL_MODEL)
    save_training_state(tmp_path / "last", model=model, optimizer=stepped(model), state={})
    assert has_training_state(tmp_path / "last")
