"""What the Debian mirror offers now, for the suites of the lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from hpcpy.apt.mirrors import debian_mirrors
from hpcpy.apt.private import Deb, PrivateApt, uris
from hpcpy.core.errors import UnavailableError
from hpcpy.core.paths import cache_dir
from hpcpy.pins.arch import ARCHITECTURES
from hpcpy.pins.debian import DebianRequest
from hpcpy.pins.model import APT_MIRROR, Artifact, Source
from hpcpy.pins.tables import file_name


@dataclass(frozen=True)
class Offer:
    """A package as the mirror has it at the moment."""

    name: str
    version: str
    archive: str
    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, deb: Deb, mirrors: dict[str, str]) -> Offer:
        """Return where in an archive a package is; `mirrors` is base URL by archive."""
        for archive, base in mirrors.items():
            if deb.url.startswith(f"{base}/"):
                path = unquote(deb.url.removeprefix(f"{base}/"))
                return cls(deb.name, deb.version, archive, path, deb.size, deb.sha256)
        raise UnavailableError(f"{deb.url}: apt names a source outside of the mirrors")

    @property
    def artifact(self) -> Artifact:
        """What to fetch: from the mirror alone, which has just offered it."""
        url = f"{APT_MIRROR}{self.archive}/{quote(self.path)}"
        source = Source(url, self.size, self.sha256)
        return Artifact(self.name, self.version, file_name(url), "", "", (source,))


class Mirror:
    """The mirror's index for the suites of ``debian.toml``, brought up to date."""

    def __init__(self, request: DebianRequest, arch: str) -> None:
        self._mirrors = debian_mirrors()
        folder = cache_dir() / "apt" / f"pins-{arch}"
        debian = ARCHITECTURES[arch].debian
        self._apt = PrivateApt(folder, request.suites, self._mirrors, debian)
        # Without this apt goes on with what it has when one suite fails.
        self._apt.output("apt-get", "update", "-o", "APT::Update::Error-Mode=any")

    def closure(self, packages: Iterable[str]) -> list[Offer]:
        """Return packages with all that they depend on."""
        # dpkg's status is empty here: whatever is needed counts as new, and
        # is listed.
        return self._ask("install", "-y", *packages)

    def exactly(self, packages: Iterable[str]) -> list[Offer]:
        """Return packages without what they depend on."""
        return self._ask("download", *packages)

    def newest(self, packages: Iterable[str]) -> dict[str, Offer]:
        """Return packages as the mirror has them, without those that have left it."""
        offers = {}
        for package in packages:
            try:
                offers[package] = self.exactly([package])[0]
            except UnavailableError:
                continue
        return offers

    def _ask(self, action: str, *words: str) -> list[Offer]:
        return [Offer.of(deb, self._mirrors) for deb in uris(self._apt, action, *words)]
