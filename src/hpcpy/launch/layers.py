"""The files that say what a site is, each over the one before; who may have written them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.trust import why_not
from hpcpy.launch.options import CONTAINERS, LOCAL
from hpcpy.launch.shell import quoted
from hpcpy.launch.site import IMAGES_OWN, ON_HOST, Site, checked, merged
from hpcpy.pins.tables import Table, read_table
from hpcpy_common import site_file
from hpcpy_common.errors import UsageError, suggestion
from hpcpy_common.site_file import VARIABLE, is_file

FOLDER = paths.ENV / "sites"
NAME = site_file.OF_MACHINE.name


@dataclass(frozen=True)
class Layer:
    """One of the files: whose it is, where, why it is not read, else its values; keys left out."""

    what: str
    path: Path | None = None
    refused: str = ""
    values: Mapping[str, Any] | None = None
    left_out: tuple[str, ...] = ()


def find_site(name: str, image: str = "") -> Site:
    """Return the site of a name or a file's path; without one that of `layers`."""
    return _named_site(name) if name else together(layers(image))


def together(each: Iterable[Layer]) -> Site:
    """Return the site of all files that are read, or ``local``; say what is left out."""
    for layer in each:
        if layer.refused:
            print(f"hpcpy: {layer.path} is not read: {layer.refused}", file=sys.stderr)
        if keys := ", ".join(layer.left_out):
            why = "for this host, and not taken from a file beside an image"
            hint = f"if you trust it: export {VARIABLE}={quoted(str(layer.path))}"
            print(f"hpcpy: {layer.path}: {keys}: {why}; {hint}", file=sys.stderr)
    return _merged(each) or replace(read_site(FOLDER / f"{LOCAL}.toml"), files={})


def layers(image: str = "") -> tuple[Layer, ...]:
    """Return the files that a launch reads, each over those before it.

    Without an image, a file may lie beside the one that the others name.
    """
    machines = _layer("the machine's", site_file.OF_MACHINE, site_file.why_not_in_etc)
    named, yours = _named(), _layer("yours", _users(), site_file.why_not_yours)
    if not image and (site := _merged((machines, named, yours))):
        image = site.image
    images = Layer("the image's")
    # Not a reference, of an engine's own store.
    if image and os.path.isfile(image):  # noqa: PTH113  (for a name that is too long: false)
        images = _beside(Path(os.path.realpath(image)), (machines, named, yours))
    return (machines, images, named, yours)


def _merged(each: Iterable[Layer]) -> Site | None:
    """Return the site of all files that are read; None if there is none."""
    read = [(str(layer.path), layer.values) for layer in each if layer.values is not None]
    return merged(read[-1][0], read) if read else None


def _named_site(name: str) -> Site:
    path = Path(name) if "/" in name or name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not is_file(path):
        names = sorted(path.stem for path in FOLDER.glob("*.toml"))
        hint = f"{suggestion(name, names)} or a file ({paths.CALLED} docs sites)"
        raise UsageError(f"no site {name!r}", hint=hint)
    return read_site(path)


def read_site(path: Path) -> Site:
    """Read and check one file, which says in a line what it is of."""
    is_ours = path.is_relative_to(FOLDER)
    table = read_table(path, is_users=not is_ours)
    values = checked(table)
    # After all that is wrong: it is what a file begun by hand lacks.
    table.text("summary")
    # The one file has it on this node alone; ranks have the image's.
    is_images = is_ours and not paths.IS_CHECKOUT
    file = f"{IMAGES_OWN}{path.name}" if is_images else str(paths.settled(path))
    return merged(path.stem, [(file, values)])


def _layer(
    what: str, path: Path | None, why: Callable[[Path], str], *, is_trusted: bool = True
) -> Layer:
    """Return the layer of a file, with its values where there is no reason against it."""
    if path is None or not (is_file(path) or os.path.lexists(path)):
        return Layer(what, path)
    if not str(path).isprintable():  # in job scripts it is a part of lines
        raise UsageError(f"{str(path)!r}: has characters that cannot be printed")
    if refused := why(path) if is_file(path) else "it is no file":
        return Layer(what, path, refused)
    table = read_table(path, is_users=True)
    # A container's engine chooses no program of the host.
    given = () if is_trusted else (key for key in ON_HOST if key in table.values)
    left_out = tuple(key for key in given if table.values[key] not in CONTAINERS)
    kept = {key: value for key, value in table.values.items() if key not in left_out}
    return Layer(what, path, values=checked(Table(table.file, "", kept)), left_out=left_out)


def _beside(image: Path, others: Iterable[Layer]) -> Layer:
    """Return the layer beside an image, without what runs on the host if no other layer is it."""
    # Who names an image has its owner's programs run in a container, and none on the host.
    owner, path = image.stat().st_uid, image.with_name(NAME)
    read = [each.path for each in others if each.path and each.values is not None]
    is_trusted = is_file(path) and any(map(path.samefile, read))
    return _layer("the image's", path, lambda path: why_not(path, owner), is_trusted=is_trusted)


def _named() -> Layer:
    path = named_file()
    layer = _layer(VARIABLE, path, site_file.changeable)
    if path and layer.values is None:
        why, hint = layer.refused, site_file.NOT_CHANGEABLE
        if not is_file(path):
            why = why or "there is no such file"
            hint = "unset it, or mend it; a container has to see it, too: --bind"
        raise UsageError(f"{VARIABLE}={path}: {why}", hint=hint)
    return layer


def named_file() -> Path | None:
    """Return the file that a module has named, by its whole path."""
    given = os.environ.get(VARIABLE, "")
    if wrong := re.search("[,:$]", given):
        what = f"has a {wrong[0]!r}, and no engine binds such a path into a container"
        raise UsageError(f"{VARIABLE}={given}: {what}", hint="move it")
    return paths.settled(Path(given)) if given else None


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
