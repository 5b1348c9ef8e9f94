"""The distance to the reference ECGs: its rank is right for new people, and it belongs to one checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from suprem.errors import CheckpointError
from suprem.inference.reference_bank import OutOfDistributionLevel, ReferenceBank
from suprem.model.manifest import BANK

WIDTH = 150


def features(records: int, *, seed: int, scale: float = 1.0) -> NDArray[np.float32]:
    """Draw features that vary in few directions, as those of a trained encoder do, the same ones for every seed."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, WIDTH)))[0]
    spread = np.geomspace(3.0, 1e-3, WIDTH)
    drawn = np.random.default_rng(seed).normal(size=(records, WIDTH)) * spread * scale
    return (drawn @ turn + 5.0).astype(np.float32)


@pytest.fixture(scope="module")
def bank() -> ReferenceBank:
    return ReferenceBank.of(features(2000, seed=1), [str(row // 2) for row in range(2000)], "tests")


def test_one_in_a_hundred_new_records_of_the_same_kind_is_called_unlike(bank: ReferenceBank) -> None:
    found = bank.familiarity(features(4000, seed=2))
    unlike = np.mean([one.likeness is OutOfDistributionLevel.UNLIKE for one in found])
    assert 0.004 < unlike < 0.02
    assert np.mean([one.nearer for one in found if one.nearer is not None]) == pytest.approx(0.5, abs=0.03)
    assert found[0].records == 2000


def test_another_kind_of_record_is_farther_than_all(bank: ReferenceBank) -> None:
    for strange in (features(50, seed=3, scale=3.0), features(50, seed=3) + 1.0, np.zeros((50, WIDTH), np.float32)):
        assert {one.likeness for one in bank.familiarity(strange)} == {OutOfDistributionLevel.UNLIKE}
        assert min(one.nearer or 0.0 for one in bank.familiarity(strange)) == 1.0


def test_a_patients_own_records_do_not_make_the_others_look_near() -> None:
    once = features(200, seed=4)
    twice = ReferenceBank.of(np.repeat(once, 2, axis=0), [str(row // 2) for row in range(400)], "tests")
    alone = ReferenceBank.of(once, [str(row) for row in range(200)], "tests")
    assert twice.quantiles[500] == pytest.approx(alone.quantiles[500], rel=0.05)
    leaky = ReferenceBank.of(np.repeat(once, 2, axis=0), [str(row) for row in range(400)], "tests")
    assert leaky.quantiles[500] < 0.9 * alone.quantiles[500]


def test_it_is_read_as_it_was_written_and_is_small(bank: ReferenceBank, tmp_path: Path) -> None:
    bank.save(tmp_path, "0123456789ab")
    assert (tmp_path / BANK).stat().st_size < 1 << 20
    again = ReferenceBank.load(tmp_path, "0123456789ab")
    assert again is not None
    assert (again.records, again.origin, again.rest) == (2000, "tests", pytest.approx(bank.rest))
    for name in ("mean", "directions", "variances", "quantiles"):
        assert np.array_equal(getattr(again, name), getattr(bank, name))
    assert ReferenceBank.load(tmp_path / "elsewhere", "0123456789ab") is None


def test_a_bank_of_another_checkpoint_or_a_damaged_one_is_refused(bank: ReferenceBank, tmp_path: Path) -> None:
    bank.save(tmp_path, "0123456789ab")
    with pytest.raises(CheckpointError, match="of checkpoint 0123456789ab, not of ba9876543210"):
        ReferenceBank.load(tmp_path, "ba9876543210")
    whole = (tmp_path / BANK).read_bytes()
    for damage in (whole[:-20], b"", whole.replace(b"directions", b"directionz")):
        (tmp_path / BANK).write_bytes(damage)
        with pytest.raises(CheckpointError, match="damaged"):
            ReferenceBank.load(tmp_path, "0123456789ab")


def test_too_few_records_or_patients_make_no_bank() -> None:
    with pytest.raises(CheckpointError, match="50 reference ECGs"):
        ReferenceBank.of(features(50, seed=1), [str(row) for row in range(50)], "tests")
    with pytest.raises(CheckpointError, match="of 2 patients"):
        ReferenceBank.of(features(200, seed=1), [str(row % 2) for row in range(200)], "tests")


def test_features_that_never_vary_are_no_error() -> None:
    same = ReferenceBank.of(np.ones((200, 8), np.float32), [str(row) for row in range(200)], "tests")
    assert np.isfinite(same.distances(np.zeros((1, 8), np.float32))).all()
