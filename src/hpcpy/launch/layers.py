"""What a site, a module and a user have said once, each over the one before: ``site.toml``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UsageError
from hpcpy.core.trust import why_not
from hpcpy.pins.tables import Table, read_table

NAME = "site.toml"
OF_MACHINE = Path("/etc/hpcpy") / NAME
VARIABLE = "HPCPY_SITE_FILE"
# Tables of which a later file replaces single entries.
_TABLES = ("options", "environment")
# A key of the result, or a table and a key of it.
Key = tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """One of the files: whose it is, where, and why it is not read."""

    what: str
    path: Path | None
    refused: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it is read."""
        return bool(self.path and not self.refused and os.path.lexists(self.path))


def layers(image: str = "") -> Iterator[Layer]:
    """Give the files that a launch reads, each over those before it.

    The one beside an image counts only if nobody could have changed it but you, root and the
    image's owner: it has lines of shell.
    """
    yield _layer("the machine's", OF_MACHINE)
    # Not a reference, of an engine's own store.
    if image and os.path.isfile(image):  # noqa: PTH113  (for a name that is too long: false)
        yield _beside(Path(os.path.realpath(image)))
    else:
        yield Layer("the image's", None)
    given = os.environ.get(VARIABLE, "")
    path = Path(given).absolute() if given else None
    if path and not path.is_file():
        hint = "unset it, or mend it; a container has to see it, too: --bind"
        raise UsageError(f"{VARIABLE}={given}: there is no such file", hint=hint)
    yield _layer(VARIABLE, path)
    yield _layer("yours", _users())


def _layer(what: str, path: Path | None) -> Layer:
    if path is None or not os.path.lexists(path):
        return Layer(what, path)
    if not str(path).isprintable():  # in job scripts it is a part of lines
        raise UsageError(f"{str(path)!r}: has characters that cannot be printed")
    return Layer(what, path, "" if path.is_file() else "it is no file")


def _users() -> Path | None:
    """Return the user's file, below ``XDG_CONFIG_HOME`` or ``~/.config``; a home may be missing."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    if given.startswith("/"):
        return Path(given, "hpcpy", NAME)
    try:
        return Path("~/.config/hpcpy", NAME).expanduser()
    except RuntimeError:
        return None


def _beside(image: Path) -> Layer:
    layer = _layer("the image's", image.with_name(NAME))
    if layer.refused or not layer.is_there or layer.path is None:
        return layer
    return replace(layer, refused=why_not(layer.path, image.stat().st_uid))


def read(each: list[Layer]) -> dict[Layer, Table]:
    """Return the tables of those files that are there."""
    return {
        layer: read_table(layer.path, is_users=True)
        for layer in each
        if layer.path and layer.is_there
    }


def merged(tables: Mapping[Layer, Table]) -> tuple[dict[str, Any], dict[Key, Layer]]:
    """Return the values of all files together, and of each the file that it is from."""
    values: dict[str, Any] = {}
    origins: dict[Key, Layer] = {}
    for layer, table in tables.items():
        for key, value in table.values.items():
            if key in _TABLES and isinstance(value, dict):
                values[key] = {**values.get(key, {}), **value}
                origins |= {(key, name): layer for name in value}
            else:
                values[key] = value
                origins[key,] = layer
    return values, origins
