"""The extraction prompt: a file reviewed like code, with a hash that names its version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from suprem.errors import ConfigError
from suprem.reports.cache import text_hash
from suprem.resources import ASSETS

PROMPT_FILE = ASSETS / "prompts" / "extract_entities.txt"
_USER = "\n=== user ===\n"
_SLOT = "{statement}"


@dataclass(frozen=True)
class Prompt:
    """Instructions for the model and the form of one question."""

    system: str
    user: str

    @property
    def content_hash(self) -> str:
        """Names this version of the prompt."""
        return text_hash(self.system + _USER + self.user)

    def question(self, statement: str) -> str:
        """The user turn for one statement."""
        return self.user.replace(_SLOT, statement)


def load_prompt(path: Path = PROMPT_FILE) -> Prompt:
    """Read a prompt file: instructions, a line `=== user ===`, and a question with `{statement}`.

    Raises:
        ConfigError: The file has another form.
    """
    system, mark, user = path.read_text(encoding="utf-8").partition(_USER)
    if not mark or _SLOT not in user:
        raise ConfigError(f"The prompt file needs a line '{_USER.strip()}' and after it the slot {_SLOT}.")
    return Prompt(system.strip(), user.strip())
