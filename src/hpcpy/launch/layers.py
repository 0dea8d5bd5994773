"""What a site, a module and a user have said once, each over the one before: ``site.toml``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UsageError
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

    The one beside an image counts only if it belongs to you, to root or to the image's owner,
    and nobody else can write it: it has lines of shell.
    """
    yield Layer("the machine's", OF_MACHINE)
    # Not a reference, of an engine's own store.
    if image and os.path.isfile(image):  # noqa: PTH113  (for a name that is too long: false)
        file = Path(os.path.realpath(image))
        yield Layer("the image's", file.with_name(NAME), _why_not(file.with_name(NAME), file))
    else:
        yield Layer("the image's", None)
    given = os.environ.get(VARIABLE, "")
    path = Path(given).absolute() if given else None
    if path and not path.is_file():
        raise UsageError(f"{VARIABLE}={given}: there is no such file", hint="unset it, or mend it")
    yield Layer(VARIABLE, path)
    yield Layer("yours", users_folder() / "hpcpy" / NAME)


def users_folder() -> Path:
    """Return where users keep settings: ``XDG_CONFIG_HOME``, or ``~/.config``."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if given.startswith("/") else Path("~/.config").expanduser()


def _why_not(path: Path, image: Path) -> str:
    try:
        of_file, of_image = path.stat(), image.stat()
    except OSError:
        return ""
    if of_file.st_uid not in (0, os.getuid(), of_image.st_uid):
        return "belongs to another user"
    return "others can write it" if of_file.st_mode & stat.S_IWOTH else ""


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
