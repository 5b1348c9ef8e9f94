"""Teachers are asked once for a run, by one process; whoever comes later reads what they said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.ecg.preprocess import SPECS
from suprem.training import distillation
from suprem.training.config import PretrainConfig
from suprem.training.distillation import TEACHERS, with_teacher_scores
from suprem.training.rows import LabelledRows
from tests.tiny import MODEL

VOCABULARY = Vocabulary((Concept("AFIB", "atrial fibrillation"), Concept("PACE", "pacing")))
CONFIG = PretrainConfig(MODEL, teachers=(Path("one"),), teacher_weight=0.5)


def records(*names: str) -> LabelledRows:
    index = SimpleNamespace(corpus="a corpus", table=pd.DataFrame({"record_id": names}))
    store = cast(Any, SimpleNamespace(index=index, spec=SPECS["compact"]))
    labels = np.tile(np.array([1.0, -1.0], np.float32), (len(names), 1))
    return LabelledRows(store, np.arange(len(names)), labels)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The records that teachers were asked about; they know the first concept only."""
    calls: list[tuple[str, ...]] = []

    def logits(data: LabelledRows, *_words: Any, **_options: Any) -> NDArray[np.float32]:
        calls.append(data.record_ids)
        return np.tile(np.array([0.0, np.nan], np.float32), (len(data), 1))

    monkeypatch.setattr(distillation, "teacher_logits", logits)
    monkeypatch.setattr(distillation, "load_checkpoint", lambda folder: SimpleNamespace(id=folder.name))
    return calls


def test_what_was_said_is_kept_and_the_teachers_are_not_asked_again(tmp_path: Path, asked: list[Any]) -> None:
    kept = tmp_path / TEACHERS
    first = with_teacher_scores(records("a", "b"), VOCABULARY, CONFIG, kept=kept)
    again = with_teacher_scores(records("a", "b"), VOCABULARY, CONFIG, kept=kept)
    assert asked == [("a", "b")]
    np.testing.assert_array_equal(first.labels, [[0.75, -1.0]] * 2)
    np.testing.assert_array_equal(again.labels, first.labels)
    assert first.labels.dtype == np.float32


@pytest.mark.parametrize("change", ["records", "teachers", "vocabulary", "damage"])
def test_an_answer_to_another_question_is_not_taken(tmp_path: Path, asked: list[Any], change: str) -> None:
    kept, data, vocabulary, config = tmp_path / TEACHERS, records("a", "b"), VOCABULARY, CONFIG
    with_teacher_scores(data, vocabulary, config, kept=kept)
    if change == "records":
        data = records("a", "c")
    elif change == "teachers":
        config = replace(config, teachers=(Path("another"),))
    elif change == "vocabulary":
        vocabulary = Vocabulary((VOCABULARY.concepts[0], Concept("PACE", "paced rhythm")))
    else:
        kept.write_bytes(kept.read_bytes()[:50])
    with_teacher_scores(data, vocabulary, config, kept=kept)
    assert len(asked) == 2
