"""TOML tables: a fault is one line with file, table and key."""

from __future__ import annotations

import datetime
import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from hpcpy_common.errors import UsageError, suggestion
from hpcpy_common.site_file import unreadable

T = TypeVar("T")


def read_table(path: Path, hint: str = "", *, is_users: bool = False) -> Table:
    """Read a TOML file."""
    shown = str(path) if is_users else f"{path.parent.name}/{path.name}"
    try:
        values = _parsed(path.read_text(encoding="utf-8-sig"))  # Windows' editors write a mark
    except PermissionError as error:
        raise unreadable(path, error) from error
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror}", hint=hint) from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of nested lists
        raise UsageError(f"{shown}: not TOML: {error}") from error
    return Table(shown, "", values)


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> Mapping[str, object]:
    # A plan asks for the locks some ninety times, and parsing them takes 30 ms each.
    return tomllib.loads(text)


def _in_one_line(name: str) -> str:
    """Spell a name out that could end the line, or clear the screen."""
    return name if name.isprintable() else repr(name)


class Table:
    """One table of a TOML file; its dotted name is empty for the whole file."""

    def __init__(self, file: str, name: str, values: Mapping[str, object]) -> None:
        self.file = file
        self.name = name
        self.values = values

    def wrong(self, key: str, what: str) -> UsageError:
        """Return the error for `key`, to be raised."""
        where = f"[{_in_one_line(self.name)}] " if self.name else ""
        return UsageError(f"{self.file}: {where}{_in_one_line(key)}: {what}")

    def only(self, *keys: str) -> None:
        """Refuse keys other than these: a misspelt one would be ignored."""
        for key in self.values:
            if key not in keys:
                raise self.wrong(key, f"unknown key; {suggestion(key, keys)}")

    def _value(self, key: str) -> object:
        if key not in self.values:
            raise self.wrong(key, "missing")
        return self.values[key]

    def text(self, key: str, pattern: str = r".+", what: str = "a text") -> str:
        """Return a string that `pattern` matches as a whole: `what` in words."""
        value = self._value(key)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.wrong(key, f"{value!r} is not {what}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings that are not empty."""
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(key, f"{value!r} is not a list of texts")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """Return a truth value; false where the key is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is not true or false")
        return value

    def number(self, key: str) -> int:
        """Return a whole number, at least one."""
        value = self._value(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, f"{value!r} is not a number from 1 on")
        return value

    def digest(self, key: str) -> str:
        """Return a SHA-256 of 64 hexadecimal digits."""
        return self.text(key, r"[0-9a-f]{64}", "64 hexadecimal digits")

    def moment(self, key: str) -> datetime.datetime:
        """Return a point in time that states its offset from UTC."""
        value = self._value(key)
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            raise self.wrong(key, f"{value!r} is not a time such as 2001-02-03T04:05:06Z")
        return value

    def fill(self, kind: type[T], **given: Any) -> T:
        """Return a dataclass of `given` and, by the types of its other fields, of this table."""
        wanted = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
        # A name that is given is the table's own, and no key.
        self.only(*(name for name in wanted if name != "name" or name not in given))
        read: dict[str, Callable[[str], object]] = {
            "str": self.text,
            "int": self.number,
            "bool": self.flag,
        }
        for name, entry in wanted.items():
            is_needed = entry.default is MISSING and entry.default_factory is MISSING
            if name not in given and (is_needed or name in self.values):
                # Annotations are texts: `from __future__ import annotations`.
                given[name] = read.get(str(entry.type), self.texts)(name)
        return kind(**given)

    def table(self, key: str) -> Table:
        """Return the table of that name within this one."""
        return self._table(key, self._value(key))

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Give every key of this table; each must hold a table."""
        for key, value in self.values.items():
            yield key, self._table(key, value)

    def array(self, key: str) -> list[Table]:
        """Return an array of tables, at least one."""
        value = self._value(key)
        if not isinstance(value, list) or not value:
            raise self.wrong(key, "is not an array of tables")
        return [self._table(f"{key}.{index}", item) for index, item in enumerate(value)]

    def _table(self, key: str, value: object) -> Table:
        name = f"{self.name}.{key}" if self.name else key
        if not isinstance(value, dict):
            raise UsageError(f"{self.file}: [{_in_one_line(name)}] is not a table")
        return Table(self.file, name, value)


def file_name(url: str) -> str:
    """Return the name under which the cache keeps what is at a URL."""
    name = unquote(url.rsplit("/", 1)[-1])
    if "/" in name or name in ("", ".", "..") or not name.isprintable():
        raise UsageError(f"{url!r} does not end in the name of a file")
    return name
