"""Results as JSON and back: dataclasses of numbers, texts, tuples and other dataclasses; NaN is written as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from suprem.errors import EvaluationError

Result = TypeVar("Result")


def result_to_json(result: Any) -> str:
    """Return a dataclass as one JSON object; a value that does not exist (NaN) is null."""
    return json.dumps(_nan_to_null(asdict(result)), ensure_ascii=False, indent=2, allow_nan=False)


def result_from_json(kind: type[Result], text: str, name: str, stage: str) -> Result:
    """Read what `result_to_json` wrote.

    Args:
        kind: The dataclass.
        text: The JSON.
        name: Of the file, for the error.
        stage: The command that makes such a file, for the error.

    Raises:
        EvaluationError: The text is no such object.
    """
    try:
        restored: Result = _restored(kind, json.loads(text))
        return restored
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvaluationError(
            f"{name} is no result of {stage} of this version ({type(error).__name__}: {error}); remove it and make it "
            f"again with python -m pipelines.{stage}."
        ) from error


def _nan_to_null(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _nan_to_null(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nan_to_null(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _restored(kind: Any, value: Any) -> Any:
    """Return a value of a type from JSON: null is NaN where a number belongs, lists are tuples, objects dataclasses."""
    if isinstance(kind, type) and is_dataclass(kind):
        types = _types(kind)
        absent = [field.name for field in fields(kind) if _needed(field) and field.name not in value]
        if absent:
            raise KeyError(absent[0])
        return kind(**{name: _restored(types[name], entry) for name, entry in value.items()})
    if kind is float:
        return math.nan if value is None else value
    parts = get_args(kind)
    if get_origin(kind) in (Union, UnionType) and NoneType in parts:
        (other,) = (part for part in parts if part is not NoneType)
        return None if value is None else _restored(other, value)
    if get_origin(kind) is tuple:
        kinds = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_restored(*pair) for pair in zip(kinds, value, strict=True))
    if get_origin(kind) is dict:
        return {key: _restored(parts[1], entry) for key, entry in value.items()}
    return value


def _needed(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
