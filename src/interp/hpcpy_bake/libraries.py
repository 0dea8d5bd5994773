"""Where the libraries lie that extension modules need."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Collection
from functools import cache
from pathlib import Path

from hpcpy_bake.elf import ElfError, Library

# Parts of the C library until 2.34; what is asked of them, libc has.
_FORMER = frozenset(["libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"])
_LIBC = "libc.so.6"


@cache
def _interpreter() -> dict[str, Path]:
    # Its libraries are open already, and known by their names.
    needed = Library(Path(sys.executable).resolve()).needed
    return {Path(name).name: path for name in needed if (path := _in_system(name)) is not None}


def _in_system(name: str) -> Path | None:
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    return next((path for folder in folders if (path := Path(folder, name)).is_file()), None)


@cache
def library(path: Path) -> Library:
    """Read a library, once."""
    return Library(path)


@cache
def global_names() -> frozenset[str]:
    """Return what the loader finds in the interpreter and its libraries first."""
    paths = [Path(sys.executable).resolve(), *_interpreter().values()]
    return frozenset(
        one.name for path in paths for one in library(path).symbols if one.section and one.name
    )


def _find(name: str, wanted_by: Library) -> Path | None:
    for folder in wanted_by.search:
        path = Path(folder, name)
        if path.is_file():
            return path.resolve()
    return _in_system(name)


def needed(of: Library, packed: Collection[Library] = ()) -> dict[str, Path | None]:
    """Find all libraries that one needs, and those that these need.

    Parameters
    ----------
    of
        A shared object.
    packed
        Libraries that go into the same pack: these are left out.

    Returns
    -------
    dict
        Paths by name, those that need others before these; None for what the
        interpreter has open already.

    Raises
    ------
    ElfError
        When one is not found; the loader may know better.
    """
    found: dict[str, Path | None] = {}
    waiting = [(name, of) for name in of.needed]
    while waiting:
        name, wanted_by = waiting.pop(0)
        is_packed = wanted_by is of or wanted_by in packed
        if name in found and (found[name] or is_packed or name not in _FORMER):
            continue
        # A pack asks libc instead; other libraries are as they are.
        is_former = name in _FORMER and is_packed
        if name in _interpreter() or is_former or "/" in name:
            found[name] = None
            continue
        path = _find(name, wanted_by)
        if path is None:
            raise ElfError(f"{of.path}: its library {name} is nowhere")
        found[name] = path
        waiting += [(more, library(path)) for more in library(path).needed]
    inside = {one.path for one in packed}
    return {name: path for name, path in found.items() if path not in inside}


def scope(of: Library) -> list[Library]:
    """Return a shared object and what it needs, in the order in which the loader looks."""
    paths = needed(of)
    found = [of]
    for one in found:
        for name in one.needed:
            path = paths.get(name)
            if path is not None and library(path) not in found:
                found.append(library(path))
    return found


def call(name: str, path: Path | None) -> str:
    """Return what a pack is to call a library, so that the loader need not search."""
    if path is not None:
        return str(path)
    return _LIBC if name in _FORMER else name


def opened_first(of: Library) -> list[str]:
    """Return the libraries that a module's own file wants, by path, each after its own."""
    paths = needed(of)
    former = {name: _in_system(name) for name, path in paths.items() if not path}
    return in_order(paths | {name: former[name] for name in former if name in _FORMER})


def in_order(paths: dict[str, Path | None]) -> list[str]:
    """Sort libraries so that each comes after those that it needs."""
    waiting = {name: path for name, path in paths.items() if path is not None}
    done: list[str] = []
    names: set[str] = set()
    while waiting:
        ready = [
            name
            for name, path in waiting.items()
            if not (set(library(path).needed) & waiting.keys()) - {name}
        ]
        # Those that need each other in turn: the loader copes, by a search.
        for name in ready or [next(iter(waiting))]:
            done.append(str(waiting.pop(name)))
            names.add(name)
    return done
