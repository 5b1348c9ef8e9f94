"""Strict configuration: a TOML table in, a frozen dataclass out.

An experiment's configuration is a frozen dataclass beside the code it configures. Here it is filled from a file and
from `--set training.lr=3e-4`, and written back so that a run folder holds exactly what was used. A key nobody reads
and a value of the wrong type are errors: a misspelt setting must never be an experiment with the default value.

Types understood: bool, int, float, str, Path, Literal, `X | None`, `tuple[X, ...]`, `tuple[X, Y]`, nested dataclasses.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import tomli_w

from suprem.errors import ConfigError, SupremError

T = TypeVar("T")

EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}


class Text(str):
    """A value typed by a person (command line, environment): its type is decided by the field it goes to."""


def load_config(cls: type[T], path: Path | None, overrides: Sequence[str] = ()) -> T:
    """Fill a dataclass from a TOML file, then from overrides.

    Args:
        cls: The frozen dataclass.
        path: The TOML file, or None for the defaults of the class.
        overrides: Lines such as "training.lr=3e-4"; later ones win.

    Raises:
        ConfigError: The file cannot be read, or a key or value does not fit the class.
    """
    table = read_toml(path) if path else {}
    for line in overrides:
        _override(table, line)
    return fill(cls, table, source=path.name if path else "configuration")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: It is not there or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The configuration file {path} cannot be read ({error.strerror}).") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise ConfigError(f"{path.name} is not valid TOML: {error}.") from error


def fill(cls: type[T], table: Mapping[str, Any], *, source: str, base: T | None = None) -> T:
    """Build a dataclass from a table of plain values, for example read from TOML or JSON.

    Args:
        cls: The dataclass.
        table: Its fields by name; nested dataclasses are nested tables.
        source: Where the table comes from, named in messages.
        base: Where given, fields that the table leaves out are taken from here instead of the defaults.

    Raises:
        ConfigError: A key is unknown, a value is missing, has the wrong type, or is refused by the dataclass itself.
    """
    try:
        return _build(cls, table, "", base)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error


def as_dict(config: object) -> dict[str, Any]:
    """Return a dataclass as a table of plain values (lists for tuples, text for paths) that `fill` takes back."""
    return {field.name: _plain(getattr(config, field.name)) for field in _fields(config)}


def to_toml(config: object) -> str:
    """Return a dataclass as TOML that `load_config` reads back to an equal one.

    Raises:
        ConfigError: A field is None though its default is not; TOML has no word for that.
    """
    return table_to_toml(as_table(config))


def table_to_toml(table: Mapping[str, Any]) -> str:
    """Return a table of plain values as TOML."""
    return tomli_w.dumps(table)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint for a misspelt name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(sorted(known))}."


def _build(cls: type[T], table: Mapping[str, Any], where: str, base: T | None) -> T:
    hints = get_type_hints(cls)
    fields = {field.name: field for field in _fields(cls)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            raise ConfigError(f"unknown key {where + key!r}; {did_you_mean(key, fields)}")
        default = getattr(base, key) if base is not None else _default(fields[key])
        values[key] = _convert(value, hints[key], where + key, default)
    missing = [name for name, field in fields.items() if name not in values and _default(field) is dataclasses.MISSING]
    if base is None and missing:
        raise ConfigError(f"{where + missing[0]!r} has no default and needs a value.")
    try:
        # replace() is typed for dataclass instances only, which a TypeVar cannot say.
        return cls(**values) if base is None else cast(T, dataclasses.replace(cast(Any, base), **values))
    except SupremError:
        raise
    except ValueError as error:
        raise ConfigError(f"{where.rstrip('.') or 'values'}: {error}") from error


def _convert(value: Any, hint: Any, where: str, default: Any = None) -> Any:
    """Return `value` as `hint` asks, or raise a ConfigError that says what was expected."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _convert_union(value, args, where, default)
    if isinstance(value, Text):
        value = _typed(value, hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where!r} must be a table; found {value!r}.")
        return _build(hint, value, where + ".", default if isinstance(default, hint) else None)
    if origin is Literal:
        if value not in args or type(value) is not type(args[args.index(value)]):
            raise ConfigError(f"{where!r} is {value!r}; {did_you_mean(str(value), [str(arg) for arg in args])}")
        return value
    if origin is tuple:
        return _convert_tuple(value, args, where)
    if hint not in EXPECTED:
        raise TypeError(f"configuration fields of type {hint} are not supported ({where})")
    if hint is float and type(value) is int:
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if type(value) is not hint:
        raise ConfigError(f"{where!r} must be {EXPECTED[hint]}; found {value!r}.")
    return value


def _convert_union(value: Any, members: tuple[Any, ...], where: str, default: Any) -> Any:
    if NoneType in members and (value is None or (isinstance(value, Text) and value.lower() == "none")):
        return None
    problem: ConfigError | None = None
    for member in members:
        if member is not NoneType:
            try:
                return _convert(value, member, where, default)
            except ConfigError as error:
                problem = problem or error
    raise problem or ConfigError(f"{where!r} must be left out.")


def _convert_tuple(value: Any, members: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where!r} must be a list; found {value!r}.")
    if members[1:] == (Ellipsis,):
        members = members[:1] * len(value)
    if len(members) != len(value):
        raise ConfigError(f"{where!r} must hold {len(members)} values; found {len(value)}.")
    return tuple(
        _convert(item, hint, f"{where}[{i}]") for i, (item, hint) in enumerate(zip(value, members, strict=True))
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


def _override(table: dict[str, Any], line: str) -> None:
    key, equals, value = line.partition("=")
    *parents, name = key.strip().split(".")
    if not equals or not name:
        raise ConfigError(f"{line!r} is not an override; expected the form training.lr=3e-4.")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{key.strip()!r} cannot be set: {parent!r} is not a table.")
    table[name] = Text(value.strip())


def _fields(config: Any) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(config) if field.init]


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return as_dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def as_table(config: object) -> dict[str, Any]:
    """Return a dataclass as a table of plain values that TOML can hold: fields that are None are left out.

    Raises:
        ConfigError: A field is None though its default is not; TOML has no word for that.
    """
    table = {}
    for field in _fields(config):
        value = getattr(config, field.name)
        if value is None:
            if _default(field) is not None:
                raise ConfigError(f"{field.name!r} is None, which TOML cannot say; its default is not None.")
        else:
            table[field.name] = as_table(value) if dataclasses.is_dataclass(value) else _plain(value)
    return table
