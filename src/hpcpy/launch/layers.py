"""What a site, a module and a user have said once, each over the one before: ``site.toml``."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UsageError
from hpcpy.core.paths import settled
from hpcpy.core.trust import why_not
from hpcpy.launch.options import CONTAINERS
from hpcpy.pins.tables import Table, read_table, unreadable
from hpcpy_common import site_file
from hpcpy_common.site_file import VARIABLE

NAME = site_file.OF_MACHINE.name
# Tables of which a later file replaces single entries.
_TABLES = ("options", "environment")
# What runs on the host, or chooses a program there; a container's engine chooses none.
_ON_HOST = ("engine", "image", "modules", "setup", "options")
# A key of the result, or a table and a key of it.
Key = tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """One of the files: whose it is, where, whether it is read, and why not; keys left out."""

    what: str
    path: Path | None
    is_read: bool = False
    refused: str = ""
    left_out: tuple[str, ...] = ()


def layers(image: str = "") -> Iterator[Layer]:
    """Give the files that a launch reads, each over those before it."""
    machines = _guarded("the machine's", site_file.OF_MACHINE, site_file.why_not_in_etc)
    home = _users()
    yours = _guarded("yours", home, site_file.why_not_yours) if home else Layer("yours", None)
    named = _named()
    yield machines
    # Not a reference, of an engine's own store.
    if image and os.path.isfile(image):  # noqa: PTH113  (for a name that is too long: false)
        yield _beside(Path(os.path.realpath(image)), (machines, named, yours))
    else:
        yield Layer("the image's", None)
    yield from (named, yours)


def _beside(image: Path, others: Iterable[Layer]) -> Layer:
    """Return the layer beside an image, without what runs on the host if no other layer is it."""
    # Who names an image has its owner's programs run in a container, and none on the host.
    owner = image.stat().st_uid
    layer = _guarded("the image's", image.with_name(NAME), lambda path: why_not(path, owner))
    read = [each.path for each in others if each.path and each.is_read]
    if not (layer.path and layer.is_read) or any(map(layer.path.samefile, read)):
        return layer
    values = _table(layer.path).values
    keys = (key for key in _ON_HOST if key in values and values[key] not in CONTAINERS)
    return replace(layer, left_out=tuple(keys))


def is_file(path: Path) -> bool:
    """Tell whether there is a file; a closed folder is an error."""
    try:
        return site_file.is_file(path)
    except PermissionError as error:
        raise unreadable(path, error) from error


def named_file() -> Path | None:
    """Return the file that a module has named, by its whole path."""
    given = os.environ.get(VARIABLE, "")
    return settled(Path(given)) if given else None


def _layer(what: str, path: Path | None) -> Layer:
    is_read = path is not None and is_file(path)
    if path is None or not (is_read or os.path.lexists(path)):
        return Layer(what, path)
    if not str(path).isprintable():  # in job scripts it is a part of lines
        raise UsageError(f"{str(path)!r}: has characters that cannot be printed")
    return Layer(what, path, is_read=is_read, refused="" if is_read else "it is no file")


def _guarded(what: str, path: Path, why: Callable[[Path], str]) -> Layer:
    """Return the layer of a file that is not read where there is a reason."""
    layer = _layer(what, path)
    refused = why(path) if layer.is_read else layer.refused
    return replace(layer, is_read=layer.is_read and not refused, refused=refused)


def _named() -> Layer:
    path = named_file()
    layer = _layer(VARIABLE, path)
    if path and not layer.is_read:
        hint = "unset it, or mend it; a container has to see it, too: --bind"
        why = layer.refused or "there is no such file"
        raise UsageError(f"{VARIABLE}={path}: {why}", hint=hint)
    if path and (why := site_file.changeable(path)):
        raise UsageError(f"{VARIABLE}={path}: {why}", hint=site_file.NOT_CHANGEABLE)
    return layer


def _users() -> Path | None:
    """Return the user's file; a home may be missing, or another's, as su leaves it."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    if given.startswith("/"):
        return Path(given, "hpcpy", NAME)
    try:
        home = Path("~").expanduser()
    except RuntimeError:
        return None
    return home / ".config/hpcpy" / NAME if os.access(home, os.X_OK) else None


def read(each: list[Layer]) -> dict[Layer, Table]:
    """Return the tables of those files that are there."""
    return {
        layer: _table(layer.path, layer.left_out) for layer in each if layer.path and layer.is_read
    }


def _table(path: Path, left_out: Collection[str] = ()) -> Table:
    table = read_table(path, is_users=True)
    kept = {key: value for key, value in table.values.items() if key not in left_out}
    return Table(table.file, table.name, kept)


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
