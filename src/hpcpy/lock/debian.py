"""``debian.lock``: the packages of every set, with version and hash."""

from __future__ import annotations

import datetime

from hpcpy.fetch.many import fetch
from hpcpy.fetch.offers import Mirror, Offer
from hpcpy.lock.deb_licences import licences
from hpcpy.pins.debian import Wanted


def resolve(asked: Wanted) -> dict[str, object]:
    """Resolve the packages of every set for every architecture.

    Parameters
    ----------
    asked
        What ``debian.toml`` asks for.

    Returns
    -------
    dict
        The contents of ``debian.lock``.

    Raises
    ------
    UnavailableError
        When a mirror does not answer, or a package does not exist there.
    """
    locked: dict[str, object] = {}
    for arch in asked.architectures:
        offers = _offers(Mirror(asked, arch), asked)
        files = fetch(offer.artifact for offer in offers)
        stated = licences({offer.name: files[offer.artifact] for offer in offers})
        locked[arch] = {
            offer.name: _table(offer, sets, stated[offer.name]) for offer, sets in offers.items()
        }
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return {"timestamp": now, "packages": locked}


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


def _table(offer: Offer, sets: list[str], licence: str) -> dict[str, object]:
    return {
        "version": offer.version,
        "sets": sets,
        "size": offer.size,
        "sha256": offer.sha256,
        "licence": licence,
        "archive": offer.archive,
        "path": offer.path,
    }
