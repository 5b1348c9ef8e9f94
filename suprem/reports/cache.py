"""Answers of language models, kept so that a run can be stopped, resumed and repeated at no cost.

The key is the prompt's hash, the model and the text's hash: a changed prompt or another model never meets old answers.
The text itself is not stored.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import Column, MetaData, String, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from suprem.database import open_database, writing

_METADATA = MetaData()
_ANSWERS = Table(
    "answers",
    _METADATA,
    Column("prompt", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("text", String(64), primary_key=True),
    Column("answer", Text, nullable=False),
)


class AnswerCache:
    """A SQLite file of answers; used from one thread."""

    def __init__(self, path: Path) -> None:
        self._engine = open_database(f"sqlite:///{path}")
        _METADATA.create_all(self._engine)

    def answers(self, prompt_hash: str, model: str) -> dict[str, str]:
        """All answers to a prompt by a model, by the hash of the text (see `text_hash`)."""
        wanted = select(_ANSWERS.c.text, _ANSWERS.c.answer).where(
            _ANSWERS.c.prompt == prompt_hash, _ANSWERS.c.model == model
        )
        with self._engine.connect() as connection:
            return {row.text: row.answer for row in connection.execute(wanted)}

    def put(self, prompt_hash: str, model: str, text: str, answer: str) -> None:
        """Store one answer at once; an older one is replaced."""
        row = {"prompt": prompt_hash, "model": model, "text": text_hash(text), "answer": answer}
        statement = insert(_ANSWERS).values(row)
        with writing(self._engine) as connection:
            connection.execute(statement.on_conflict_do_update(set_={"answer": answer}))

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def text_hash(text: str) -> str:
    """SHA-256 of a text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
