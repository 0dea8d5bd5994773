"""``python3 -m hpcpy lock``: resolve the pins anew and say what moved."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hpcpy import paths
from hpcpy.checkout_lock import checkout_lock
from hpcpy.engine.venv import TITLES
from hpcpy.errors import UsageError
from hpcpy.files import whole_file
from hpcpy.lock import debian, host, packages, python, toml
from hpcpy.pins.debian import wanted
from hpcpy.stages import stage

_HEADER = "Made from {sources} by `make lock`, which prints what moves; not to be edited."
_NAMES = ("debian", "python", "packages", *TITLES)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"of: {', '.join(_NAMES)} (default: all)"
    parser.add_argument("names", nargs="*", metavar="LOCK", help=help_)


def main(options: argparse.Namespace) -> int:
    """Resolve the named locks, all by default.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        For another name.
    """
    updates: dict[str, Callable[[], list[str]]] = {"debian": _debian, "python": _python}
    updates["packages"] = _packages
    updates |= {name: partial(_host, name) for name in TITLES}
    for name in options.names:
        if name not in updates:
            raise UsageError(f"no lock {name!r}; there are {', '.join(updates)}")
    with checkout_lock():
        for name, update in updates.items():
            if name in options.names or not options.names:
                with stage(f"lock {name}"):
                    lines = update()
                print(f"{name}.lock:", *lines, sep="\n  ", flush=True)
    return 0


def moved(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each package that has another version, is new or gone.

    Parameters
    ----------
    old, new
        Package to version.
    """
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "(new)"), new.get(name, "(gone)")
        if before != after:
            yield f"{name} {before} -> {after}"


def _debian() -> list[str]:
    path = paths.ENV / "debian.lock"
    old, new = _read(path), debian.resolve(wanted())
    # The time stays with the packages: it is the date of every build, and a
    # lock that has not moved must not change what they make.
    changed = old.get("packages") != new["packages"]
    if changed:
        _write(path, toml.render(new, _HEADER.format(sources="debian.toml")))
    return _report(_debian_versions(old), _debian_versions(new), changed)


def _python() -> list[str]:
    path = paths.ENV / "python.lock"
    old, new = _read(path), python.resolve()
    if old != new:
        _write(path, toml.render(new, _HEADER.format(sources="python*.in")))
    return _report(_versions(old), _versions(new), old != new)


def _packages() -> list[str]:
    path = paths.ENV / "packages.lock"
    old, new = _read(path), packages.resolve()
    if old != new:
        _write(path, toml.render(new, _HEADER.format(sources="packages.in")))
    return _report(_versions(old), _versions(new), old != new)


def _host(name: str) -> list[str]:
    path = paths.ENV / f"{name}.lock"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    new = f"# {_HEADER.format(sources=f'{name}.in')}\n\n{host.resolve(name)}"
    if old != new:
        _write(path, new)
    return _report(host.versions(old), host.versions(new), old != new)


def _report(before: dict[str, str], after: dict[str, str], changed: bool) -> list[str]:
    lines = list(moved(before, after))
    if changed and not lines:
        return ["no version moved, but other entries did: see `git diff env`"]
    return lines or ["nothing moved"]


def _versions(lock: Mapping[str, Any]) -> dict[str, str]:
    return {name: table["version"] for name, table in lock.get("packages", {}).items()}


def _debian_versions(lock: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{name}:{arch}": table["version"]
        for arch, packages in lock.get("packages", {}).items()
        for name, table in packages.items()
    }


def _read(path: Path) -> dict[str, Any]:
    """Return the present lock; nothing where there is none or it is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
