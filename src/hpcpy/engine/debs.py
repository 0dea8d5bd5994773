"""Debian packages for the engine: resolved by apt, kept by hash in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from hpcpy.apt.mirrors import debian_mirrors
from hpcpy.apt.private import Deb, PrivateApt, uris
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError, UnavailableError
from hpcpy.core.files import disk_errors, lock, scratch_dir, sha256
from hpcpy.core.trust import require_own
from hpcpy.pins.model import DebianSuite

# Apptainer is in sid alone; its libraries come from the stable release,
# unless apt finds that sid's Apptainer needs newer ones.  Sid's index is not
# renewed on every mirror: its date does not count, its signature does.
SUITES = (DebianSuite("debian", "trixie"), DebianSuite("debian", "sid", check_date=False))


def chosen(listed: list[Deb], wanted: frozenset[str]) -> list[Deb]:
    """Return the wanted packages of a resolution, which has those that they need, too."""
    debs = [deb for deb in listed if deb.name in wanted]
    if missing := sorted(wanted - {deb.name for deb in debs}):
        raise UnavailableError(f"Debian's index does not have the package {missing[0]}")
    return debs


def download(wanted: frozenset[str], arch: str) -> list[Path]:
    """Return the package files of `wanted`, downloading those not cached.

    apt chooses versions that fit one another and checks its signatures.
    """
    cache = paths.cache_dir() / "engine"
    require_own(cache)
    with _lock(cache):
        apt = PrivateApt(cache / "apt", SUITES, debian_mirrors(), arch)
        if any((cache / "apt" / "lists").glob("*_Packages*")):
            # Lists older than the mirror: once more with new ones.
            with contextlib.suppress(UnavailableError):
                return _download(apt, wanted, cache / "debs")
        apt.output("apt-get", "update", "--error-on=any")
        return _download(apt, wanted, cache / "debs")


@contextlib.contextmanager
def _lock(cache: Path) -> Iterator[None]:
    """Let one checkout at a time use the cache that they share."""
    with disk_errors(cache):
        (cache / "debs").mkdir(parents=True, exist_ok=True)
        stream = (cache / "lock").open("a")
    with stream:
        lock(stream, fcntl.LOCK_EX)
        for left in (cache / "debs").glob(".download.*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def _download(apt: PrivateApt, wanted: frozenset[str], cache: Path) -> list[Path]:
    # `install` resolves the whole tree, from an empty dpkg status: only the
    # wanted packages of it are taken, the rest is for their installation.
    debs = chosen(uris(apt, "install", "-y", *sorted(wanted)), wanted)
    # apt-get takes a file of the right size for the right file: hash it.
    missing = [deb for deb in debs if not _is_whole(cache / deb.file, deb)]
    if missing:
        with disk_errors(cache), scratch_dir(cache, ".download") as scratch:
            names = [f"{deb.name}={deb.version}" for deb in missing]
            apt.output("apt-get", "download", *names, cwd=scratch)
            for deb in missing:
                if not _is_whole(scratch / deb.file, deb):
                    raise IntegrityError(f"{deb.file}: not the file that Debian's index names")
                (scratch / deb.file).replace(cache / deb.file)
    return [cache / deb.file for deb in debs]


def _is_whole(path: Path, deb: Deb) -> bool:
    return path.is_file() and sha256(path) == deb.sha256
