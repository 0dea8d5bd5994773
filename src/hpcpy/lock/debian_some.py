"""Update some packages of ``debian.lock`` and what they need, and keep all others."""

from __future__ import annotations

import datetime
import posixpath
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from hpcpy.apt.offers import Mirror, Offer
from hpcpy.fetch.many import fetch
from hpcpy.lock.debian import stated_licences, table_of
from hpcpy.pins.debian import Wanted, locked_debs
from hpcpy.scratch import build_scratch

Tables = dict[str, dict[str, Any]]


def resolve_some(
    asked: Wanted, old: Mapping[str, Any], only: Collection[str], now: datetime.datetime
) -> dict[str, Tables]:
    """Resolve some packages anew.

    Those that are made of one source move together, and so does what apt cannot
    leave as it is beside them.

    Parameters
    ----------
    asked
        What ``debian.toml`` asks for.
    old
        The present lock.
    only
        Packages of it, or newly asked for.
    now
        The time by which the archive is asked for what moves.

    Returns
    -------
    dict
        Architecture to packages, as ``debian.lock`` has them.

    Raises
    ------
    UnavailableError
        When a mirror does not answer, or another package would have to be removed.
    """
    locked = {}
    for arch in asked.architectures:
        tables: Tables = dict(old["packages"][arch])
        moved = _moved(Mirror(asked, arch), asked, arch, tables, only)
        stated = stated_licences(moved)
        for offer, sets in moved.items():
            was = tables.get(offer.name, {"sets": [], "licence": stated[offer.name]})
            if was.get("sha256") == offer.sha256 and set(sets) <= set(was["sets"]):
                continue
            # Its documentation may be a link to that of one that stays.
            licence = stated[offer.name]
            licence = was["licence"] if licence == "see copyright" else licence
            both = [group for group in asked.sets if group in (*sets, *was["sets"])]
            tables[offer.name] = table_of(offer, both, licence) | {"timestamp": now}
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
