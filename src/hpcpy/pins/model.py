"""What a pin is: a file that is wanted, and the sources it can come from."""

from __future__ import annotations

from dataclasses import dataclass

# A URL of this scheme lies below the mirror that the machine's apt uses.
APT_MIRROR = "apt-mirror:"


@dataclass(frozen=True)
class Source:
    """Where a file can be had, and what it must be when it comes from there.

    Size and hash belong to the source, not to the artifact: a distribution
    may have packed the same source anew.
    """

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """One pinned file: a source, a wheel or a Debian package."""

    name: str
    version: str
    filename: str
    licence: str
    why: str
    sources: tuple[Source, ...]
    cpe: str = ""


@dataclass(frozen=True)
class DebianSuite:
    """One line of a sources list: ``DebianSuite("debian", "trixie")``."""

    archive: str
    name: str
    check_date: bool = True
