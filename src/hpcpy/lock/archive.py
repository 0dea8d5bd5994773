"""What Debian's archive has now of locked packages and of sources, by apt's own index."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property

from hpcpy.apt.mirrors import debian_mirrors
from hpcpy.apt.offers import Mirror, Offer
from hpcpy.apt.private import PrivateApt
from hpcpy.errors import UnavailableError
from hpcpy.fetch.download import LastingError
from hpcpy.paths import cache_dir
from hpcpy.pins.debian import Wanted, wanted


def after(version: str, others: Iterable[str]) -> list[str]:
    """Return those of some Debian versions that are after one, as dpkg compares."""
    return [other for other in others if other != version and _is_after(other, version)]


def _is_after(one: str, other: str) -> bool:
    command = ["dpkg", "--compare-versions", one, "gt", other]
    return subprocess.run(command, check=False).returncode == 0


class Packages:
    """The archive's present versions of packages, asked for all at once.

    Parameters
    ----------
    asked
        What ``debian.toml`` says.
    arch
        One of `hpcpy.pins.model.DEBIAN_ARCH`.
    names
        The packages.
    """

    def __init__(self, asked: Wanted, arch: str, names: Sequence[str]) -> None:
        self._asked = asked
        self._arch = arch
        self._names = names
        self._lock = threading.Lock()

    def offers(self, name: str) -> dict[str, str]:
        """Return a package's version with its file.

        Raises
        ------
        LastingError
            When apt cannot tell, or the package is no more.
        """
        with self._lock:
            found = self._found
        if isinstance(found, UnavailableError):
            raise LastingError(str(found))
        if name not in found:
            raise LastingError("it has left the archive, and nothing replaces it")
        return {found[name].version: found[name].artifact.sources[0].url}

    @cached_property
    def _found(self) -> dict[str, Offer] | UnavailableError:
        try:
            mirror = Mirror(self._asked, self._arch)
        except UnavailableError as error:
            return error
        try:
            return {offer.name: offer for offer in mirror.exactly(self._names)}
        except UnavailableError:
            # One of them is no more, for which apt refuses all.
            return mirror.newest(self._names)


class Pool:
    """Which versions of source packages Debian has in the suite for newer sources."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def _apt(self) -> PrivateApt:
        suite = wanted().newest
        if not suite:
            raise UnavailableError("env/debian.toml names no suite for `newest`")
        folder = cache_dir() / "apt" / "sources"
        apt = PrivateApt(folder, (suite,), debian_mirrors(), kind="deb-src")
        apt.output("apt-get", "update", "-o", "APT::Update::Error-Mode=any")
        return apt

    def files(self, package: str) -> dict[str, str]:
        """Return the upstream versions of a source package, each with its file's path.

        Raises
        ------
        LastingError
            When apt cannot tell.
        """
        try:
            with self._lock:
                shown = self._apt.output("apt-cache", "showsrc", "--only-source", package)
        except UnavailableError as error:
            raise LastingError(str(error)) from error
        return parse_sources(shown)


def parse_sources(shown: str) -> dict[str, str]:
    """Read what ``apt-cache showsrc`` prints: upstream version to the tarball's path.

    Parameters
    ----------
    shown
        Paragraphs with ``Version``, ``Directory`` and the files.
    """
    found = {}
    for paragraph in shown.split("\n\n"):
        fields = dict(re.findall(r"(?m)^(Version|Directory): (.+)$", paragraph))
        tarball = re.search(r"(?m)^ \S+ \d+ (\S+\.orig\.tar\.\w+)$", paragraph)
        if tarball and len(fields) == 2:
            # Without the epoch and the packaging's own revision.
            version = fields["Version"].rpartition(":")[2].rpartition("-")[0]
            found[version] = f"{fields['Directory']}/{tarball[1]}"
    return found
