"""``python3 -m hpcpy lock``: resolve the pins anew and say what moved."""

from __future__ import annotations

import argparse
import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hpcpy.core import paths
from hpcpy.core.files import write_whole
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import stage
from hpcpy.engine.venv import TITLES
from hpcpy.fetch.apt import PrivateApt, mirror_of
from hpcpy.fetch.artifacts import fetch
from hpcpy.lock import python
from hpcpy.lock.python import of_debs
from hpcpy.pins.debian import DebianRequest, debian_request, source_package
from hpcpy.pins.model import APT_MIRROR, GROUPS, Artifact
from hpcpy.pins.tables import read_table
from hpcpy_common.errors import UsageError, suggestion

_HEADER = "Made from {sources} by `make lock`, which prints what moves; not to be edited."
# The packages that may move; all where there is none.
Only = frozenset[str]
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NAMES = ("debian", "python", *TITLES)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"of: {', '.join(_NAMES)} (default: all)"
    parser.add_argument("names", nargs="*", metavar="LOCK", help=help_)
    help_ = "move only this package, of Debian with all of its source; may be repeated"
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help=help_)


def main(options: argparse.Namespace) -> int:
    """Resolve the named locks, all by default."""
    updates: dict[str, Callable[[Only], list[str]]] = {"debian": _debian, "python": _python}
    updates |= {name: partial(_host, name) for name in TITLES}
    for name in options.names:
        if name not in updates:
            raise UsageError(f"no lock {name!r}; there are {', '.join(updates)}")
    only = frozenset(options.only)
    names = _with(only, options.names or ["python", *TITLES]) if only else options.names or updates
    with checkout_lock():
        for name, update in updates.items():
            if name in names:
                with stage(f"lock {name}"):
                    lines = update(only)
                print(f"{name}.lock:", *lines, sep="\n  ", flush=True)
    return 0


def _with(only: Only, locks: list[str]) -> set[str]:
    """Return the locks that have some of these packages, or are asked for them."""
    packages = {lock: _locked(lock) | _asked(lock) for lock in locks}
    known = set().union(*packages.values())
    for name in sorted(only - known):
        hint = suggestion(name, known, "sources are moved by hand")
        for other, moves in (("debian", "relink"), ("python", "lock")):
            if name in _locked(other):
                hint = f"make {moves} NAME={name}"
        where = ", ".join(f"{lock}.lock" for lock in locks)
        raise UsageError(f"no package {name!r} in {where}", hint=hint)
    return {lock for lock, names in packages.items() if only & names}


def _locked(lock: str) -> set[str]:
    path = paths.ENV / f"{lock}.lock"
    if lock in TITLES:
        return set(python.versions_in(path.read_text() if path.exists() else ""))
    if lock == "debian":
        return {name for row in _rows(_read(path)) for name in row}
    return set(_read(path).get("packages", {}))


def _asked(lock: str) -> set[str]:
    """Return what is asked for, and may not be locked yet."""
    files = {"python": GROUPS.values(), "debian": ()}.get(lock, [f"{lock}.in"])
    lines = [line for file in files for line in (paths.ENV / file).read_text().splitlines()]
    return {re.split(r"[<>=!~# ]", line, maxsplit=1)[0] for line in lines} - {""}


def _rows(lock: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names of a lock's Debian packages, each with that of its source."""
    tables = lock.get("packages", {}).values()
    rows = (row for packages in tables for row in packages.items())
    return [(name, table["path"].split("/")[-2]) for name, table in rows]


def _debian(only: Only) -> list[str]:
    path = paths.ENV / "debian.lock"
    old, now = _read(path), datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    # The packages of one source need each other's version.
    sources = frozenset(source for name, source in _rows(old) if {name, source} & only)
    new = dated(old, resolve_debian(debian_request(), sources), now, sources)
    # A lock that has not moved keeps its time, the date of every build.
    changed = old.get("packages") != new["packages"]
    if changed:
        write_whole(path, render(new, _HEADER.format(sources="debian.toml")))
    return _report(_debian_versions(old), _debian_versions(new), changed)


def _python(only: Only) -> list[str]:
    path = paths.ENV / "python.lock"
    old = _read(path)
    tables = old.get("packages", {})
    # A package that is not locked moves alone: none does.
    new = python.resolve({n: t for n, t in tables.items() if only and n not in only})
    if old != new:
        write_whole(path, render(new, _HEADER.format(sources="python*.in")))
    return _report(_versions(old), _versions(new), old != new)


def _host(name: str, only: Only) -> list[str]:
    path = paths.ENV / f"{name}.lock"
    old = path.read_text() if path.exists() else ""
    header = _HEADER.format(sources=f"{name}.in")
    new = f"# {header}\n\n{python.resolve_requirements(name, old, only)}"
    if old != new:
        write_whole(path, new)
    return _report(python.versions_in(old), python.versions_in(new), old != new)


def _report(old: Mapping[str, str], new: Mapping[str, str], changed: bool) -> list[str]:
    """Return a line for each package that has another version, is new or gone."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "(new)"), new.get(name, "(gone)")
        if before != after:
            lines.append(f"{name} {before} -> {after}")
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
    """Return the present lock, if any."""
    return dict(read_table(path).values) if path.exists() else {}


def render(values: Mapping[str, object], header: str) -> str:
    """Return a TOML document in which a changed value is a changed line; tomllib only reads."""
    return "\n".join([f"# {header}", "", *_table((), values)]) + "\n"


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
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    # Texts, numbers and lists of JSON are TOML, but that JSON leaves DEL as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def resolve_debian(request: DebianRequest, only: Only = frozenset()) -> dict[str, Any]:
    """Resolve the packages of every set for every architecture; of some sources alone, if any."""
    locked: dict[str, Any] = {}
    for arch in request.architectures:
        every = offers(mirror_of(request, arch), request, arch)
        moved = {deb: of for deb, of in every.items() if not only or source_package(deb) in only}
        stated = of_debs({deb.name: path for deb, path in fetch(moved).items()})
        locked[arch] = {
            deb.name: _package(deb, sets, stated[deb.name]) for deb, sets in moved.items()
        }
    return locked


def dated(
    old: Mapping[str, Any],
    packages: Mapping[str, Any],
    now: datetime.datetime,
    only: Only = frozenset(),
) -> dict[str, Any]:
    """Return the contents of ``debian.lock``: packages with the times to look them up by."""
    # The lock's own time is also the date of all that is built: it moves when a full lock has moved
    # a version.  Else what is new has a time of its own, by which the archive is asked for it.
    before = old.get("packages", {})
    if only:
        packages = {arch: _with_others(before[arch], packages[arch], only) for arch in packages}
    kept = [
        (before[arch][name], table)
        for arch, tables in packages.items()
        for name, table in tables.items()
        if name in before.get(arch, {})
    ]
    if not only and (not before or any(was["version"] != table["version"] for was, table in kept)):
        return {"timestamp": now, "packages": packages}
    for arch, tables in packages.items():
        for name, table in tables.items():
            was = before.get(arch, {}).get(name)
            if was is None or was["version"] != table["version"]:
                table["timestamp"] = now
            elif "timestamp" in was:
                table["timestamp"] = was["timestamp"]
    return {"timestamp": old["timestamp"], "packages": packages}


def _with_others(old: Mapping[str, Any], new: Mapping[str, Any], only: Only) -> dict[str, Any]:
    """Return what is new of some sources, and the old packages of all others."""
    rows = _rows({"packages": {"": old}})
    kept = {name: old[name] for name, source in rows if source not in only}
    return dict(sorted({**kept, **new}.items()))


def offers(mirror: PrivateApt, request: DebianRequest, arch: str) -> dict[Artifact, list[str]]:
    """Return the packages of all of an architecture's sets, by name, each with its sets."""
    (first, base), *others = request.sets_of(arch).items()
    sets = {offer: [first] for offer in mirror.closure(base)}
    for name, own in others:
        if request.sets[name].alone:
            added = mirror.exactly(own)
        else:
            # What the first set has is not listed again.
            together = mirror.closure((*base, *own))
            added = [offer for offer in together if first not in sets.get(offer, [])]
        for offer in added:
            sets.setdefault(offer, []).append(name)
    return {offer: sets[offer] for offer in sorted(sets, key=lambda offer: offer.name)}


def _package(offer: Artifact, sets: list[str], licence: str) -> dict[str, object]:
    (source,) = offer.sources
    archive, _, path = unquote(source.url.removeprefix(APT_MIRROR)).partition("/")
    return {
        "version": offer.version,
        "sets": sets,
        "size": source.size,
        "sha256": source.sha256,
        "licence": licence,
        "archive": archive,
        "path": path,
    }
