"""Results as JSON and back, by the serialiser of `suprem.plain_data`, with the errors of this room."""

from __future__ import annotations

from typing import Any, TypeVar

from suprem.errors import ConfigError, EvaluationError
from suprem.plain_data import from_json, to_json

Result = TypeVar("Result")


def result_to_json(result: Any) -> str:
    """Return a dataclass as one JSON object; a value that does not exist (NaN) is null."""
    return to_json(result, indent=2)


def result_from_json(kind: type[Result], text: str, name: str, stage: str) -> Result:
    """Read what `result_to_json` wrote.

    Args:
        kind: The dataclass.
        text: The JSON.
        name: Name of the file, for the error.
        stage: The command that makes such a file, for the error.

    Raises:
        EvaluationError: The text is no such object.
    """
    try:
        return from_json(kind, text)
    except ConfigError as error:
        raise EvaluationError(
            f"{name} is no result of {stage} of this version ({error}); remove it and make it again with "
            f"suprem {stage.replace('_', '-')}."
        ) from error
