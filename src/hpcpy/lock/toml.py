"""TOML out of plain values; the standard library only reads it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def render(values: Mapping[str, object], header: str) -> str:
    """Return a TOML document in which a changed value is a changed line.

    Parameters
    ----------
    values
        Nested mappings with texts, whole numbers, times and lists of texts.
    header
        Its first lines, each set as a comment.
    """
    lines = [f"# {line}" for line in header.splitlines()]
    lines += ["", *_table((), values)]
    return "\n".join(lines) + "\n"


def _table(path: tuple[str, ...], values: Mapping[str, object]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    if plain and path:
        yield f"[{'.'.join(_key(part) for part in path)}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    if plain:
        yield ""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _table((*path, key), value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)


def _value(value: object) -> str:
    if isinstance(value, str):
        # JSON's escapes are a part of TOML's, but JSON leaves DEL as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime.datetime):
        return f"{value.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    raise TypeError(f"no TOML for {value!r}")
