"""Find the modules in an installation's folders, as Python's own finder would."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from sysconfig import get_config_var

from _hpcpy_folders import BUILT_IN, MODULE, PACKAGE, SHARED, SUBFOLDER

# Folders that are on sys.path themselves, and the folder of bytecode.
_NO_PACKAGES = frozenset(["site-packages", "lib-dynload", "__pycache__"])
# The installation's, which may be of another architecture than this Python's own first one.
_SUFFIXES = (get_config_var("EXT_SUFFIX"), *EXTENSION_SUFFIXES[1:])


@dataclass(slots=True)
class Folder:
    """A folder of modules."""

    path: Path  # Where it lies now
    final: str  # Where it will lie, as in tracebacks and `__file__`
    is_open: bool  # Whether modules may come into it after the build
    # Kind and file of each module or subfolder
    entries: dict[str, tuple[int, Path]] = field(default_factory=dict)


def scan(path: Path, final: str, *, is_open: bool) -> list[Folder]:
    """Find the modules of a folder, and all packages below it, each after its parent."""
    here = Folder(path, final, is_open)
    folders = [here]
    for child in sorted(path.iterdir()):
        if "." in child.name or child.name in _NO_PACKAGES or not child.is_dir():
            continue
        is_package = (child / "__init__.py").is_file()
        if not is_package and any((child / f"__init__{e}").exists() for e in _SUFFIXES):
            raise ValueError(f"{child}: its __init__ is an extension module")
        below = scan(child, f"{final}/{child.name}", is_open=not is_package)
        # A folder without modules is left to the file system, as data is.
        if below[1:] or any(kind != SUBFOLDER for kind, _ in below[0].entries.values()):
            folders += below
        here.entries[child.name] = (
            (PACKAGE, child / "__init__.py") if is_package else (SUBFOLDER, child)
        )
    # A package comes before an extension, and that before a source.
    for suffix in _SUFFIXES:
        _add(here, SHARED, suffix)
    _add(here, MODULE, ".py")
    here.entries = dict(sorted(here.entries.items()))
    return folders


def _add(folder: Folder, kind: int, suffix: str) -> None:
    for file in sorted(folder.path.glob(f"*{suffix}")):
        name = file.name.removesuffix(suffix)
        if "." not in name and folder.entries.get(name, (SUBFOLDER,))[0] == SUBFOLDER:
            folder.entries[name] = (kind, file)


def add_built_in(
    folders: Iterable[Folder], library: Path, site: Path, names: Iterable[str]
) -> None:
    """Enter the modules that are linked into the interpreter."""
    by_path = {folder.path: folder for folder in folders}
    for name in names:
        *packages, leaf = name.split(".")
        is_standard = (packages or [leaf])[0] in sys.stdlib_module_names
        place = (library if is_standard else site).joinpath(*packages)
        if place not in by_path:
            raise ValueError(f"{name} is built in, and {place} has no modules")
        entries = by_path[place].entries
        entries[leaf] = (BUILT_IN, place)
        by_path[place].entries = dict(sorted(entries.items()))
