"""Strict configuration: a TOML file in, a frozen dataclass out, by the serialiser of `suprem.plain_data`.

An experiment's configuration is a frozen dataclass beside the code it configures. Here it is filled from a file and
from `--set training.lr=3e-4`, and written back so that a run folder holds exactly what was used.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from suprem.errors import ConfigError
from suprem.plain_data import Text, default_of, fields_of, from_plain, to_plain

T = TypeVar("T")


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
        return from_plain(cls, table, base=base)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error


def to_toml(config: object) -> str:
    """Return a dataclass as TOML that `load_config` reads back to an equal one.

    Raises:
        ConfigError: A field is None though its default is not; TOML has no word for that.
    """
    return table_to_toml(as_table(config))


def table_to_toml(table: Mapping[str, Any]) -> str:
    """Return a table of plain values as TOML."""
    return tomli_w.dumps(table)


def as_table(config: object) -> dict[str, Any]:
    """Return a dataclass as a table of plain values that TOML can hold: fields that are None are left out.

    Raises:
        ConfigError: A field is None though its default is not; TOML has no word for that.
    """
    table = {}
    for field in fields_of(config):
        value = getattr(config, field.name)
        if value is None:
            if default_of(field) is not None:
                raise ConfigError(f"{field.name!r} is None, which TOML cannot say; its default is not None.")
        else:
            table[field.name] = as_table(value) if dataclasses.is_dataclass(value) else to_plain(value)
    return table


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
