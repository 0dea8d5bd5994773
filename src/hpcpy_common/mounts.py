"""On what kind of file system a folder lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

# Shared file systems, which every rank's small files slow down for all: the kernel's,
# then clients in user space by the names after "fuse." in /proc/self/mountinfo.
NETWORK = frozenset(
    {"nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "panfs", "afs", "cifs", "smb3", "dvs",
     "wekafs", "orangefs", "pvfs2", "vast", "9p", "gfs2", "ocfs2",
     "mfs", "ceph-fuse", "glusterfs", "sshfs", "juicefs", "daos", "quobyte", "s3fs", "gcsfuse",
     "rclone", "davfs", "curlftpfs"}
)  # fmt: skip
_ESCAPED = re.compile(r"\\([0-7]{3})")


def of(mountinfo: str, folder: str) -> str:
    """Return the type of a folder's file system; empty where it cannot be told."""
    real, longest, kind = os.path.realpath(folder), -1, ""
    for point, name in points(mountinfo):
        is_above = real == point or real.startswith(point.rstrip("/") + "/")
        # A later mount on the same point hides the earlier.
        if is_above and len(point) >= longest:
            longest, kind = len(point), name
    return kind


def is_point(mountinfo: str, path: str) -> bool:
    """Tell whether a file or folder is mounted itself, by its own path."""
    return any(point == path for point, _ in points(mountinfo))


def points(mountinfo: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each mount, and the type of its file system."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) >= 5 and after:
            point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
            yield point, after.split()[0]


def here(folder: str) -> str:
    """Return the type of a folder's file system as this process sees it."""
    return of(Path("/proc/self/mountinfo").read_text("utf-8", "replace"), folder)


def is_network(name: str) -> bool:
    """Tell whether a type, as `of` returns it, is that of a network file system."""
    return name.removeprefix("fuse.") in NETWORK
