"""What the host says went into an image."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

# How something is in an image.
INSTALLED = "installed"  # by dpkg or pip, which know of it
CONTAINED = "contained"  # unpacked or compiled
LINKED = "linked"  # into an executable
READ = "read"  # by its compiler: headers alone


@dataclass(frozen=True)
class Pin:
    """One pinned file.

    Attributes
    ----------
    kind
        ``debian``, ``source`` or ``wheel``.
    name, version, licence
        As the lock has them.  Without a version where the locked package
        could not be had and another one took its place.
    url, sha256
        Where it can be had, and what it hashes to from there.
    use
        `INSTALLED`, `CONTAINED`, `LINKED` or `READ`.
    source
        Of a Debian package: the source package that it is built from.
    """

    kind: str
    name: str
    version: str
    licence: str
    url: str
    sha256: str
    use: str
    source: str = ""


@dataclass(frozen=True)
class Expected:
    """What an image is expected to hold, by its pins.

    Attributes
    ----------
    image, version, summary, licence
        Of the image itself.
    created
        The time of the lock, in UTC as ISO 8601 has it.
    pins
        All that went into it and into the images below it.
    listed
        Of NVIDIA's files those that may be handed on, and what permits it.
    brought
        Its files that packages under other licences bring, by package.
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
    """Return it as the text of a file."""
    return json.dumps(asdict(expected), indent=1) + "\n"


def read(text: str) -> Expected:
    """Return what `written` has written."""
    fields = json.loads(text)
    pins: Iterable[dict[str, str]] = fields.pop("pins")
    return Expected(**fields, pins=tuple(Pin(**one) for one in pins))
