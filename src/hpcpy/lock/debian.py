"""``debian.lock``: the packages of every image, with version and hash."""

from __future__ import annotations

import datetime

from hpcpy.fetch.many import fetch
from hpcpy.fetch.offers import Mirror, Offer
from hpcpy.lock.deb_licences import licences
from hpcpy.pins.debian import Wanted


def resolve(asked: Wanted) -> dict[str, object]:
    """Resolve the packages of every image for every architecture.

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
            offer.name: _table(offer, images, stated[offer.name])
            for offer, images in offers.items()
        }
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return {"timestamp": now, "packages": locked}


def _offers(mirror: Mirror, asked: Wanted) -> dict[Offer, list[str]]:
    """Return the packages of all images, by name, each with its images."""
    (first, base), *others = asked.images.items()
    images = {offer: [first] for offer in mirror.closure(base)}
    for image, own in others:
        if image in asked.alone:
            added = mirror.exactly(own)
        else:
            # What the first image has is not listed again.
            together = mirror.closure((*base, *own))
            added = [offer for offer in together if first not in images.get(offer, [])]
        for offer in added:
            images.setdefault(offer, []).append(image)
    return {offer: images[offer] for offer in sorted(images, key=lambda offer: offer.name)}


def _table(offer: Offer, images: list[str], licence: str) -> dict[str, object]:
    return {
        "version": offer.version,
        "images": images,
        "size": offer.size,
        "sha256": offer.sha256,
        "licence": licence,
        "archive": offer.archive,
        "path": offer.path,
    }
