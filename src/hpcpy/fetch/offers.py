"""What the Debian mirror offers now, for the suites of the lock."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from hpcpy.apt import PrivateApt, debian_mirrors
from hpcpy.errors import UnavailableError
from hpcpy.paths import cache_dir
from hpcpy.pins.debian import Wanted
from hpcpy.pins.model import APT_MIRROR, DEBIAN_ARCH, Artifact, Place


@dataclass(frozen=True)
class Offer:
    """A package as the mirror has it at the moment."""

    name: str
    version: str
    archive: str
    path: str
    size: int
    sha256: str

    @property
    def artifact(self) -> Artifact:
        """What to fetch: from the mirror alone, which has just offered it."""
        url = f"{APT_MIRROR}{self.archive}/{quote(self.path)}"
        filename = self.path.rsplit("/", 1)[-1]
        place = Place(url, self.size, self.sha256)
        return Artifact(self.name, self.version, filename, "", "", (place,))


class Mirror:
    """The mirror's index for the suites of ``debian.toml``, brought up to date.

    Parameters
    ----------
    asked
        What ``debian.toml`` says.
    arch
        ``x86_64`` or ``aarch64``.

    Raises
    ------
    UnavailableError
        When no mirror is configured, or it does not answer.
    """

    def __init__(self, asked: Wanted, arch: str) -> None:
        self._mirrors = debian_mirrors()
        folder = cache_dir() / "apt" / f"pins-{arch}"
        self._apt = PrivateApt(folder, asked.suites, self._mirrors, DEBIAN_ARCH[arch])
        # Without this apt goes on with what it has when one suite fails.
        self._apt.output("apt-get", "update", "-o", "APT::Update::Error-Mode=any")

    def closure(self, packages: Iterable[str]) -> list[Offer]:
        """Return packages with all that they depend on.

        Raises
        ------
        UnavailableError
            When there is no such package, or apt finds no solution.
        """
        # dpkg's status is empty here: whatever is needed counts as new, and
        # is listed.
        return self._ask("install", "-y", *packages)

    def exactly(self, packages: Iterable[str]) -> list[Offer]:
        """Return packages without what they depend on.

        Raises
        ------
        UnavailableError
            When there is no such package.
        """
        return self._ask("download", *packages)

    def upgrade(self, packages: Iterable[str], status: Path) -> list[Offer]:
        """Return what has to be installed for packages to be as they are now.

        Parameters
        ----------
        packages
            Which ones.
        status
            What is installed, as dpkg writes it down.

        Raises
        ------
        UnavailableError
            When there is no such package, or only by removing another.
        """
        installed = f"Dir::State::status={status}"
        return self._ask("install", "-y", "--no-remove", "-o", installed, *packages)

    def newest(self, packages: Iterable[str]) -> dict[str, Offer]:
        """Return packages as they are now, less those that are no more."""
        offers = {}
        for package in packages:
            try:
                offers[package] = self.exactly([package])[0]
            except UnavailableError:
                continue
        return offers

    def _ask(self, *command: str) -> list[Offer]:
        action, *rest = command
        listed = self._apt.output(
            "apt-get", action, "--print-uris", "-qq", "-o", "Acquire::ForceHash=SHA256", *rest
        )
        lines = [line for line in listed.splitlines() if line.startswith("'")]
        return [parse_uri(line, self._mirrors) for line in lines]


def parse_uri(line: str, mirrors: dict[str, str]) -> Offer:
    """Read one line of ``apt-get --print-uris``.

    Parameters
    ----------
    line
        URL in quotes, file name, size, hash.
    mirrors
        Base URL by archive.

    Raises
    ------
    UnavailableError
        When apt states no SHA-256, or a place outside the mirrors.
    """
    url, filename, size, digest = shlex.split(line)
    # Of the two only the file name has the version's epoch, as in "1%3a2.3".
    name, version, _ = unquote(filename).split("_")
    kind, _, value = digest.partition(":")
    for archive, base in mirrors.items():
        if kind == "SHA256" and url.startswith(f"{base}/"):
            path = unquote(url.removeprefix(f"{base}/"))
            return Offer(name, version, archive, path, int(size), value)
    raise UnavailableError(f"apt-get --print-uris: no SHA-256, or not of the mirror: {line}")
