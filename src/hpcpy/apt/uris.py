"""Package files as apt's signed indexes name them, without downloading them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import unquote

from hpcpy.apt.private import PrivateApt
from hpcpy.errors import UnavailableError


@dataclass(frozen=True)
class Deb:
    """A package file: its address, and its name as apt downloads it."""

    url: str
    file: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.file.split("_")[0]

    @property
    def version(self) -> str:
        """Its version, by the file name: the address lacks the epoch, as in 1%3a2.3."""
        return unquote(self.file).split("_")[1]


def uris(apt: PrivateApt, action: str, *words: str) -> list[Deb]:
    """Return what an action of apt-get would download.

    Raises
    ------
    UnavailableError
        When apt finds no solution, or states no SHA-256.
    """
    options = ("--print-uris", "-qq", "-o", "Acquire::ForceHash=SHA256")
    return parse_uris(apt.output("apt-get", action, *options, *words))


def parse_uris(text: str) -> list[Deb]:
    """Read what ``apt-get --print-uris`` printed: URL in quotes, file name, size, hash.

    Raises
    ------
    UnavailableError
        When it states no SHA-256.
    """
    found = []
    for line in text.splitlines():
        if not line.startswith("'"):
            continue
        url, file, size, digest = shlex.split(line)
        kind, _, value = digest.partition(":")
        if kind != "SHA256":
            raise UnavailableError(f"apt-get --print-uris: no SHA-256: {line}")
        found.append(Deb(url, file, int(size), value))
    return found
