"""``debian.lock``: the packages of every set, with version and hash."""

from __future__ import annotations

import datetime
import posixpath
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from hpcpy.apt.offers import Mirror, Offer
from hpcpy.core.scratch import build_scratch
from hpcpy.fetch.many import fetch
from hpcpy.lock.licences import of_debs
from hpcpy.pins.debian import Wanted, locked_debs

Tables = dict[str, dict[str, Any]]


def resolve(asked: Wanted) -> dict[str, Any]:
    """Resolve the packages of every set for every architecture."""
    locked: dict[str, Any] = {}
    for arch in asked.architectures:
        offers = _offers(Mirror(asked, arch), asked)
        stated = _stated_licences(offers)
        locked[arch] = {
            offer.name: _table(offer, sets, stated[offer.name]) for offer, sets in offers.items()
        }
    return locked


def dated(
    old: Mapping[str, Any], packages: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any]:
    """Return the contents of ``debian.lock``: packages with the times to look them up by.

    The lock's own time is also the date of all that is built: a new one builds
    everything anew.  It moves when a full lock has moved the version of a package.
    Otherwise a new package gets a time of its own, by which the snapshot archive
    is asked for it.
    """
    before = old.get("packages", {})
    kept = [
        (name, before[arch][name], table)
        for arch, tables in packages.items()
        for name, table in tables.items()
        if name in before.get(arch, {})
    ]
    if not before or any(
        was["version"] != table["version"] and "timestamp" not in table for _, was, table in kept
    ):
        return {"timestamp": now, "packages": packages}
    for arch, tables in packages.items():
        for name, table in tables.items():
            was = before.get(arch, {}).get(name)
            if was is None:
                table["timestamp"] = now
            elif "timestamp" in was:
                table.setdefault("timestamp", was["timestamp"])
    return {"timestamp": old["timestamp"], "packages": packages}


def _offers(mirror: Mirror, asked: Wanted) -> dict[Offer, list[str]]:
    """Return the packages of all sets, by name, each with its sets."""
    (first, base), *others = asked.sets.items()
    sets = {offer: [first] for offer in mirror.closure(base)}
    for name, own in others:
        if name in asked.alone:
            added = mirror.exactly(own)
        else:
            # What the first set has is not listed again.
            together = mirror.closure((*base, *own))
            added = [offer for offer in together if first not in sets.get(offer, [])]
        for offer in added:
            sets.setdefault(offer, []).append(name)
    return {offer: sets[offer] for offer in sorted(sets, key=lambda offer: offer.name)}


def _stated_licences(offers: Collection[Offer]) -> dict[str, str]:
    """Fetch packages and return what each states, by name."""
    files = fetch(offer.artifact for offer in offers)
    return of_debs({offer.name: files[offer.artifact] for offer in offers})


def _table(offer: Offer, sets: list[str], licence: str) -> dict[str, object]:
    """Return a package's table."""
    return {
        "version": offer.version,
        "sets": sets,
        "size": offer.size,
        "sha256": offer.sha256,
        "licence": licence,
        "archive": offer.archive,
        "path": offer.path,
    }


def resolve_some(
    asked: Wanted, old: Mapping[str, Any], only: Collection[str], now: datetime.datetime
) -> dict[str, Tables]:
    """Resolve some packages anew.

    Those that are made of one source move together, and so does what apt cannot
    leave as it is beside them.
    """
    locked = {}
    for arch in asked.architectures:
        tables: Tables = dict(old["packages"][arch])
        moved = _moved(Mirror(asked, arch), asked, arch, tables, only)
        stated = _stated_licences(moved)
        for offer, sets in moved.items():
            was = tables.get(offer.name, {"sets": [], "licence": stated[offer.name]})
            if was.get("sha256") == offer.sha256 and set(sets) <= set(was["sets"]):
                continue
            # Its documentation may be a link to that of one that stays.
            licence = stated[offer.name]
            licence = was["licence"] if licence == "see copyright" else licence
            both = [group for group in asked.sets if group in (*sets, *was["sets"])]
            tables[offer.name] = _table(offer, both, licence) | {"timestamp": now}
        locked[arch] = {name: tables[name] for name in sorted(tables)}
    return locked


def _moved(
    mirror: Mirror, asked: Wanted, arch: str, tables: Tables, only: Collection[str]
) -> dict[Offer, list[str]]:
    """Return the packages to lock now, each with the sets that it is new in."""
    debs = {deb.name: deb for deb in locked_debs(arch)}
    first, *_ = asked.sets
    found: dict[Offer, list[str]] = {}
    for group, own in asked.sets.items():
        alone = group in asked.alone
        its = [
            name
            for name, table in tables.items()
            if group in table["sets"] or (not alone and first in table["sets"])
        ]
        names = _of_one_source(tables, its, only) | set(own) & set(only)
        if not names:
            continue
        if alone:
            offers = mirror.exactly(sorted(names))
        else:
            files = fetch(debs[name] for name in its)
            offers = _upgrade(mirror, sorted(names), files.values())
        for offer in offers:
            # What the first set has is not listed again.
            so_far = found.setdefault(offer, [])
            below = (*so_far, *tables.get(offer.name, {"sets": ()})["sets"])
            if alone or group == first or first not in below:
                so_far.append(group)
    return found


def _of_one_source(tables: Tables, its: Iterable[str], only: Collection[str]) -> set[str]:
    def source(name: str) -> tuple[str, str]:
        # The pool has a folder a source; one that is rebuilt has a version of its own.
        return posixpath.dirname(tables[name]["path"]), tables[name]["version"]

    its = set(its)
    sources = {source(name) for name in its & set(only)}
    return {name for name in its if source(name) in sources}


def _upgrade(mirror: Mirror, names: Collection[str], installed: Iterable[Path]) -> list[Offer]:
    """Ask apt what it installs where the locked packages are installed."""
    with build_scratch("lock") as scratch:
        status = scratch / "status"
        status.write_text("".join(_stanza(deb) for deb in installed), encoding="utf-8")
        return mirror.upgrade(names, status)


def _stanza(deb: Path) -> str:
    control = subprocess.run(
        ["dpkg-deb", "--field", deb], capture_output=True, text=True, check=True
    ).stdout
    return f"{control.rstrip()}\nStatus: install ok installed\n\n"
