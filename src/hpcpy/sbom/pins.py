"""What the host says went into an image."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

# How something is in an image.
INSTALLED = "installed"  # by dpkg or pip, which know of it
CONTAINED = "contained"  # unpacked or compiled
LINKED = "linked"  # into an executable
READ = "read"  # by its compiler: only headers


@dataclass(frozen=True)
class Pin:
    """One pinned file.

    Attributes
    ----------
    kind
        ``debian``, ``source`` or ``wheel``.
    name, version, licence
        As in the lock.  The version is empty if the locked package could not
        be had and another version took its place.
    url, sha256
        Its address, and the SHA-256 of the file there.
    use
        `INSTALLED`, `CONTAINED`, `LINKED` or `READ`.
    source
        Of a Debian package: the source package that it is built from.
    cpe
        Vendor and product in NVD's list; empty for the name twice.
    """

    kind: str
    name: str
    version: str
    licence: str
    url: str
    sha256: str
    use: str
    source: str = ""
    cpe: str = ""


@dataclass(frozen=True)
class Expected:
    """What an image is expected to hold, by its pins.

    Attributes
    ----------
    image, version, summary, licence
        Of the image itself.
    created
        The time of the lock, in UTC, in ISO 8601.
    pins
        All that went into it and into the images below it.
    listed
        NVIDIA's files that may be redistributed, each with what permits it.
    brought
        NVIDIA's files in packages under other licences, by package.
    """

    image: str
    version: str
    summary: str
    licence: str
    created: str
    pins: tuple[Pin, ...]
    listed: dict[str, str]
    brought: dict[str, list[str]]


def written(expected: Expected) -> str:
    """Return it as the text of a JSON file."""
    return json.dumps(asdict(expected), indent=1) + "\n"


def read(text: str) -> Expected:
    """Return what `written` has written."""
    fields = json.loads(text)
    pins: Iterable[dict[str, str]] = fields.pop("pins")
    return Expected(**fields, pins=tuple(Pin(**one) for one in pins))
