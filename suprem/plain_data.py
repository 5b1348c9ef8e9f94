"""The one serialiser: frozen dataclasses as plain data for TOML and JSON, and back.

Configurations, results, manifests and model cards are dataclasses of values; here they become tables of plain values
(lists for tuples, text for paths and enumerations) and are built again from them. Reading is strict: a key nobody reads
and a value of the wrong type are errors, because a misspelt setting must never be an experiment with the default value.

Types understood: bool, int, float, str, Path, Literal, enumerations of text, `X | None`, `tuple[X, ...]`,
`tuple[X, Y]`, `Mapping[str, X]`, Any, and nested dataclasses. Two things a dataclass may say of itself:

- `FORMER_NAMES`, a class variable of former names of fields and those of today, so that older files can be read;
- a field whose metadata is `REST` keeps the keys that no other field reads, so that they are written again.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
from collections.abc import Collection, Mapping
from collections.abc import Mapping as AbstractMapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from suprem.errors import ConfigError, SupremError

T = TypeVar("T")

EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
REST: Mapping[str, bool] = {"rest": True}
"""Metadata of the field that keeps what no other field reads."""


class Text(str):
    """A value typed by a person (command line, environment): its type is decided by the field it goes to."""


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """Return a value as plain data that `from_plain` takes back.

    Args:
        value: A dataclass, or what one may hold.
        defaults: Whether fields that have their default value are written.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        table: dict[str, Any] = {}
        for field in fields_of(value):
            content = getattr(value, field.name)
            if field.metadata.get("rest"):
                table.update(content)
            elif defaults or content != default_of(field):
                table[field.name] = to_plain(content, defaults=defaults)
        return table
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry, defaults=defaults) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry, defaults=defaults) for entry in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def from_plain(kind: type[T], table: Any, *, base: T | None = None, null_is_nan: bool = False) -> T:
    """Build a dataclass from plain data, for example read from TOML or JSON.

    Args:
        kind: The dataclass.
        table: Its fields by name; nested dataclasses are nested tables.
        base: Where given, fields that the table leaves out are taken from here instead of the defaults.
        null_is_nan: Whether null stands for NaN where a number belongs, as `to_json` writes it.

    Raises:
        ConfigError: A key is unknown, a value is missing, has the wrong type, or is refused by the dataclass itself.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"a table was expected; found {type(table).__name__}.")
    return _build(kind, table, "", base, null_is_nan)


def to_json(value: Any, *, indent: int = 1, defaults: bool = True) -> str:
    """Return a dataclass as one JSON object; a number that does not exist (NaN) is null."""
    plain = _nan_to_null(to_plain(value, defaults=defaults))
    return json.dumps(plain, ensure_ascii=False, indent=indent, allow_nan=False)


def from_json(kind: type[T], text: str) -> T:
    """Build a dataclass from what `to_json` wrote.

    Raises:
        ConfigError: The text is not JSON, or not an object of that form.
    """
    try:
        table = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"it is not JSON ({error})") from error
    return from_plain(kind, table, null_is_nan=True)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint for a misspelt name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(sorted(known))}."


def fields_of(kind: Any) -> list[dataclasses.Field[Any]]:
    """Return the fields of a dataclass that its constructor takes."""
    return [field for field in dataclasses.fields(kind) if field.init]


def default_of(field: dataclasses.Field[Any]) -> Any:
    """Return the default value of a field, `dataclasses.MISSING` where it has none."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


@cache
def _types_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: type[T], table: Mapping[str, Any], where: str, base: T | None, nan: bool) -> T:
    types = _types_of(cast(Any, kind))
    fields = {field.name: field for field in fields_of(kind)}
    rest = next((name for name, field in fields.items() if field.metadata.get("rest")), None)
    values: dict[str, Any] = {} if rest is None else {rest: {}}
    for key, value in _by_present_names(kind, table).items():
        if key in fields and key != rest:
            default = getattr(base, key) if base is not None else default_of(fields[key])
            values[key] = _convert(value, types[key], where + key, default, nan)
        elif rest is not None:
            values[rest][key] = value
        else:
            raise ConfigError(f"unknown key {where + key!r}; {did_you_mean(key, fields)}")
    missing = [
        name for name, field in fields.items() if name not in values and default_of(field) is dataclasses.MISSING
    ]
    if base is None and missing:
        raise ConfigError(f"{where + missing[0]!r} has no default and needs a value.")
    try:
        # replace() is typed for dataclass instances only, which a TypeVar cannot say.
        return kind(**values) if base is None else cast(T, dataclasses.replace(cast(Any, base), **values))
    except SupremError:
        raise
    except ValueError as error:
        raise ConfigError(f"{where.rstrip('.') or 'values'}: {error}") from error


def _by_present_names(kind: type, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a table with the names that fields have today; a typed value replaces one of the file, as overrides do."""
    former: Mapping[str, str] = getattr(kind, "FORMER_NAMES", {})
    renamed: dict[str, Any] = {}
    for key, value in table.items():
        name = former.get(key, key)
        if name in renamed and not isinstance(value, Text):
            before = next(old for old, new in former.items() if new == name)
            raise ConfigError(f"{before!r} is the former name of {name!r}, which is given, too; leave one of them out.")
        renamed[name] = value
    return renamed


def _convert(value: Any, hint: Any, where: str, default: Any, nan: bool) -> Any:
    """Return `value` as `hint` asks, or raise a ConfigError that says what was expected."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _convert_union(value, args, where, default, nan)
    if isinstance(value, Text):
        value = _typed(value, hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, hint):  # built already
            return value
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where!r} must be a table; found {value!r}.")
        return _build(hint, value, f"{where}.", default if isinstance(default, hint) else None, nan)
    if origin is Literal:
        if value not in args or type(value) is not type(args[args.index(value)]):
            raise ConfigError(f"{where!r} is {value!r}; {did_you_mean(str(value), [str(arg) for arg in args])}")
        return value
    if origin is tuple:
        return _convert_tuple(value, args, where, nan)
    if origin in (dict, AbstractMapping):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where!r} must be a table; found {value!r}.")
        return {key: _convert(entry, args[1], f"{where}.{key}", None, nan) for key, entry in value.items()}
    return _convert_value(value, hint, where, nan)


def _convert_value(value: Any, hint: Any, where: str, nan: bool) -> Any:
    if hint is Any:
        return value
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            known = [str(member.value) for member in hint]
            raise ConfigError(f"{where!r} is {value!r}; {did_you_mean(str(value), known)}") from None
    if hint not in EXPECTED:
        raise TypeError(f"fields of type {hint} are not supported ({where})")
    if hint is float and (type(value) is int or (value is None and nan)):
        return math.nan if value is None else float(value)
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if type(value) is not hint:
        raise ConfigError(f"{where!r} must be {EXPECTED[hint]}; found {value!r}.")
    return value


def _convert_union(value: Any, members: tuple[Any, ...], where: str, default: Any, nan: bool) -> Any:
    if NoneType in members and (value is None or (isinstance(value, Text) and value.lower() == "none")):
        return None
    problem: ConfigError | None = None
    for member in members:
        if member is not NoneType:
            try:
                return _convert(value, member, where, default, nan)
            except ConfigError as error:
                problem = problem or error
    raise problem or ConfigError(f"{where!r} must be left out.")


def _convert_tuple(value: Any, members: tuple[Any, ...], where: str, nan: bool) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where!r} must be a list; found {value!r}.")
    if members[1:] == (Ellipsis,):
        members = members[:1] * len(value)
    if len(members) != len(value):
        raise ConfigError(f"{where!r} must hold {len(members)} values; found {len(value)}.")
    return tuple(
        _convert(item, hint, f"{where}[{i}]", None, nan)
        for i, (item, hint) in enumerate(zip(value, members, strict=True))
    )


def _typed(text: Text, hint: Any) -> Any:
    """Read typed text as the TOML value it looks like, but leave it text where the field wants text."""
    wants_text = hint in (str, Path) or (get_origin(hint) is Literal and str(text) in get_args(hint))
    if wants_text and text[:1] not in ("'", '"'):
        return str(text)
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return str(text)


def _nan_to_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nan_to_null(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_nan_to_null(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
