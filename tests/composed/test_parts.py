"""Real recordings taken apart: what a complex holds, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suprem.composed.parts import Parts, load_complexes, save_complexes, take_apart
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import DatasetError


def test_a_complex_has_the_intervals_that_its_recording_was_made_with(parts: Parts) -> None:
    beat = parts.narrow[0]
    assert beat.pr == pytest.approx(0.16, abs=0.02)
    assert beat.width == pytest.approx(0.09, abs=0.015)
    assert beat.rr == pytest.approx(60 / 62, abs=0.02)
    assert len(beat.beats) in (10, 11)
    assert beat.p is not None
    assert 0.05 < np.abs(beat.p).max() < 0.4


def test_blocks_are_wide_and_ectopic_beats_without_p(parts: Parts) -> None:
    assert {code for beat in parts.wide for code in beat.codes} >= {"CRBBB", "CLBBB"}
    assert all(beat.width >= 0.12 for beat in parts.wide)
    assert all(beat.p is None and beat.width > 0.12 for beat in parts.ectopic)


def test_every_complex_begins_and_ends_at_zero_without_a_step(parts: Parts) -> None:
    for beat in (*parts.narrow, *parts.wide, *parts.ectopic):
        edges = np.abs(beat.qrst[:, [0, -1]]).max()
        assert edges < 0.02
        assert np.abs(np.diff(beat.qrst[:, :8], axis=1)).max() < 0.05


def test_complexes_come_back_from_disk_as_they_were(parts: Parts, tmp_path: Path) -> None:
    complexes = [*parts.narrow, *parts.ectopic]
    save_complexes(complexes, tmp_path)
    for old, new in zip(complexes, load_complexes(tmp_path), strict=True):
        np.testing.assert_array_equal(old.qrst, new.qrst)
        np.testing.assert_array_equal(old.beats, new.beats)
        assert (old.onset, old.offset, old.t_end, old.codes, old.ectopic) == (
            new.onset,
            new.offset,
            new.t_end,
            new.codes,
            new.ectopic,
        )
        assert (old.p is None) == (new.p is None)


def test_a_folder_without_parts_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"suprem compose"):
        load_complexes(tmp_path)


def test_a_corpus_without_wide_beats_is_refused_by_name(parts: Parts) -> None:
    with pytest.raises(DatasetError, match="no wide"):
        Parts.sorted([*parts.narrow, *parts.ectopic])


def test_a_noisy_recording_gives_nothing() -> None:
    assert take_apart(synthesize(SyntheticSpec(noise=0.6)), frozenset({"SR"}), "noisy") == []
