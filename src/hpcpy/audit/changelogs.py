"""The CVE names in the changelogs of the locked Debian packages: what Debian has fixed."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from hpcpy.fetch.one import downloads_dir
from hpcpy.files import MIB

_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b")
_CHANGELOG = re.compile(r"(?:\./)?usr/share/doc/[^/]+/changelog\.Debian(?:\.[^/]+)?\.gz")
# The longest, gcc's and glibc's, have 2 MiB.
_LONGEST = 64 * MIB


def fixed(digests: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the CVE names in packages' changelogs.

    The image has no changelogs, so they are read from what it was made of.

    Parameters
    ----------
    digests
        SHA-256 of each package's file.

    Returns
    -------
    dict
        By package, for those whose file is in the cache with a changelog; nothing
        on a machine without dpkg.
    """
    if not shutil.which("dpkg-deb"):
        return {}
    found = {}
    for name, digest in digests.items():
        for deb in sorted((downloads_dir() / digest).glob("*.deb")):
            text = _changelog(deb)
            if text is not None:
                found[name] = sorted(set(_CVE.findall(text)))
    return found


def _changelog(deb: Path) -> str | None:
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            return _in_tar(process.stdout)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile):
            # It was verified when it was fetched; the next build says what has become of it.
            return None
        finally:
            process.kill()


def _in_tar(stream: IO[bytes] | None) -> str | None:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if _CHANGELOG.fullmatch(member.name) and (packed := archive.extractfile(member)):
                with gzip.open(packed) as text:
                    return text.read(_LONGEST).decode("utf-8", "replace")
    return None
