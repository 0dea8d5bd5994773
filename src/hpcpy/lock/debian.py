"""``debian.lock``: the packages of every set, with version and hash."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from hpcpy.fetch.apt import Offer, PrivateApt, mirror_of
from hpcpy.fetch.many import fetch
from hpcpy.lock.licences import of_debs
from hpcpy.pins.debian import DebianRequest


def resolve(request: DebianRequest) -> dict[str, Any]:
    """Resolve the packages of every set for every architecture."""
    locked: dict[str, Any] = {}
    for arch in request.architectures:
        offers = _offers(mirror_of(request, arch), request, arch)
        files = fetch(offer.artifact for offer in offers)
        stated = of_debs({offer.name: files[offer.artifact] for offer in offers})
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
        (before[arch][name], table)
        for arch, tables in packages.items()
        for name, table in tables.items()
        if name in before.get(arch, {})
    ]
    if not before or any(was["version"] != table["version"] for was, table in kept):
        return {"timestamp": now, "packages": packages}
    for arch, tables in packages.items():
        for name, table in tables.items():
            was = before.get(arch, {}).get(name)
            if was is None:
                table["timestamp"] = now
            elif "timestamp" in was:
                table["timestamp"] = was["timestamp"]
    return {"timestamp": old["timestamp"], "packages": packages}


def _offers(mirror: PrivateApt, request: DebianRequest, arch: str) -> dict[Offer, list[str]]:
    """Return the packages of all of an architecture's sets, by name, each with its sets."""
    (first, base), *others = request.sets_of(arch).items()
    sets = {offer: [first] for offer in mirror.closure(base)}
    for name, own in others:
        if name in request.alone:
            added = mirror.exactly(own)
        else:
            # What the first set has is not listed again.
            together = mirror.closure((*base, *own))
            added = [offer for offer in together if first not in sets.get(offer, [])]
        for offer in added:
            sets.setdefault(offer, []).append(name)
    return {offer: sets[offer] for offer in sorted(sets, key=lambda offer: offer.name)}


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
