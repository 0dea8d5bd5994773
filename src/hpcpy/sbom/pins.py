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
    """One pinned file."""

    kind: str  # ``debian``, ``source`` or ``wheel``
    # As in the lock.  The version is empty if the locked package could not be had and another
    # version took its place.
    name: str
    version: str
    licence: str
    url: str  # Its address, and the SHA-256 of the file there
    sha256: str
    use: str  # `INSTALLED`, `CONTAINED`, `LINKED` or `READ`
    source: str = ""  # Of a Debian package: the source package that it is built from
    cpe: str = ""  # Vendor and product in NVD's list; empty for the name twice


@dataclass(frozen=True)
class Expected:
    """What an image is expected to hold, by its pins."""

    image: str  # Of the image itself
    version: str
    summary: str
    licence: str
    created: str  # The time of the lock, in UTC, in ISO 8601
    pins: tuple[Pin, ...]  # All that went into it and into the images below it
    listed: dict[str, str]  # NVIDIA's files that may be redistributed, each with what permits it
    brought: dict[str, list[str]]  # NVIDIA's files in packages under other licences, by package


def written(expected: Expected) -> str:
    """Return it as the text of a JSON file."""
    return json.dumps(asdict(expected), indent=1) + "\n"


def read(text: str) -> Expected:
    """Return what `written` has written."""
    fields = json.loads(text)
    pins: Iterable[dict[str, str]] = fields.pop("pins")
    return Expected(**fields, pins=tuple(Pin(**one) for one in pins))
