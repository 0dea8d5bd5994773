"""Rows of ``images.toml`` as the dataclasses that they fill, every value checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

from hpcpy.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def record(kind: type[Any], where: str, name: str, table: Mapping[str, Any]) -> Any:
    """Return a row as an object.

    Parameters
    ----------
    kind
        A dataclass whose fields are texts, lists of texts, numbers and truth values.
    where
        The file, for messages.
    name
        The row's.
    table
        Its keys.

    Raises
    ------
    UsageError
        For an unknown key, one that is missing, or a value of another kind.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is no name: letters, digits, - and _")
    renamed = {("base" if key == "from" else key): value for key, value in table.items()}
    known = {field.name: field for field in fields(kind) if field.name != "name"}
    for key, value in renamed.items():
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r} in {name}")
        if not _fits(known[key], value):
            raise UsageError(f"{where}: {name}: {key} = {value!r} is no {known[key].type}")
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in renamed.items()}
    try:
        return kind(name=name, **tuples)
    except TypeError as error:
        raise UsageError(f"{where}: {name}: {error}") from error


def _fits(field: Field[Any], value: object) -> bool:
    # Annotations are texts: `from __future__ import annotations`.
    kind = str(field.type)
    if kind.startswith("tuple"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind.startswith("int"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"str": str, "bool": bool}[kind])
