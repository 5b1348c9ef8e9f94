from __future__ import annotations

from pathlib import Path

from suprem.reports.cache import AnswerCache, text_hash


def test_answers_outlive_the_process_and_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.sqlite"
    cache = AnswerCache(path)
    cache.put("prompt", "model", "sinus rhythm", "first")
    cache.put("prompt", "model", "sinus rhythm", "second")
    cache.put("prompt", "other model", "sinus rhythm", "third")
    cache.put("other prompt", "model", "sinus rhythm", "fourth")
    cache.close()
    again = AnswerCache(path)
    assert again.answers("prompt", "model") == {text_hash("sinus rhythm"): "second"}
    again.close()


def test_the_text_is_not_stored(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.put("prompt", "model", "report of DOE^JANE", "{}")
    cache.close()
    assert b"DOE" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
