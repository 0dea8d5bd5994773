"""mksquashfs as it is pinned: another version packs the same files into other bytes.

It is the builder's, with the libraries that it needs, whatever the host has.
"""

from __future__ import annotations

from pathlib import Path

from hpcpy.engine.prefix import layout
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.debian import locked_debs
from hpcpy.stages import Stage

_PACKAGE = "squashfs-tools"
# Sets of env/debian.toml -> what is taken of them.
_SETS = {
    "base": ("libc6", "liblzma5", "libzstd1", "zlib1g"),
    "builder": (_PACKAGE, "liblz4-1", "liblzo2-2"),
}


def version(arch: str) -> str:
    """Return the version that is pinned.

    Raises
    ------
    UsageError
        When the lock is missing or malformed.
    """
    return next(deb.version for deb in locked_debs(arch) if deb.name == _PACKAGE)


def unpacked(folder: Path, arch: str, current: Stage) -> list[str | Path]:
    """Unpack mksquashfs; return the words that start it.

    Parameters
    ----------
    folder
        Where to; it must live as long as the program runs.
    arch
        One of `hpcpy.pins.model.DEBIAN_ARCH`.
    current
        Where it logs.

    Raises
    ------
    UnavailableError
        When a package cannot be downloaded.
    """
    for name, wanted in _SETS.items():
        for deb in fetch_debs(name, arch, only=wanted).paths.values():
            current.run(["dpkg-deb", "--extract", deb, folder])
    where = layout()
    loader = folder / where.loader
    return [loader, "--library-path", folder / where.libraries, folder / "usr/bin/mksquashfs"]
