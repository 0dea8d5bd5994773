"""Docker's own seccomp profile, as Debian packs its source: no Docker runs here."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from hpcpy.engine.debs import download

_PACKAGE = "golang-github-docker-docker-dev"
_PROFILE = "/profiles/seccomp/default.json"


def write(folder: Path, arch: str) -> Path:
    """Write the profile into a folder.

    Parameters
    ----------
    folder
        Where to.
    arch
        Debian's name of the machine's architecture.

    Returns
    -------
    Path
        The file, for ``--security-opt=seccomp=``.

    Raises
    ------
    hpcpy.core.errors.UnavailableError
        When Debian's mirrors do not answer or do not have the package.
    """
    (package,) = download(frozenset({_PACKAGE}), arch)
    unpack = ["dpkg-deb", "--fsys-tarfile", str(package)]
    content = subprocess.run(unpack, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        (found,) = (member for member in files if member.name.endswith(_PROFILE))
        stream = files.extractfile(found)
        assert stream is not None
        profile = folder / "docker-seccomp.json"
        profile.write_bytes(stream.read())
    return profile
