"""A Debian package's files, without dpkg, which other distributions lack."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path

from hpcpy_common.errors import IntegrityError

_MAGIC = b"!<arch>\n"
_HEAD = 60


def unpack(deb: Path, folder: Path) -> None:
    """Write a package's files into a folder, as ``dpkg-deb --extract``; it has been verified."""
    with tarfile.open(fileobj=BytesIO(_data(deb))) as archive:
        # A package may have links to any place, and may be of any owner.
        archive.extraction_filter = lambda member, _: member
        archive.extractall(folder)  # noqa: S202


def _data(deb: Path) -> bytes:
    """Return the archive ``data.tar`` of a package, itself an archive of ar."""
    with deb.open("rb") as stream:
        if stream.read(len(_MAGIC)) == _MAGIC:
            # name[16], time, owner and mode[32], size[10], an end of two bytes
            while len(head := stream.read(_HEAD)) == _HEAD:
                size = int(head[48:58])
                if head.startswith(b"data.tar"):
                    return stream.read(size)
                stream.seek(size + size % 2, 1)
    raise IntegrityError(f"{deb}: is no Debian package")
