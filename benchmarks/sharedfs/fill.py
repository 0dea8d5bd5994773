"""Files brought onto a shared file system, and what of the node a tree's root has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from hpcpy.launch.shell import quoted
from sharedfs.configurations.configuration import Files
from sharedfs.mounts import Mount

# What a program in another root folder has of the machine's, below the same path.
_OF_THE_NODE = ("/proc", "/sys", "/dev", "/tmp")  # noqa: S108
_ETC = ("/etc/hosts", "/etc/resolv.conf")


class Place(Protocol):
    """A folder of the file system, on the machine that writes there."""

    @property
    def folder(self) -> Path:
        """Which folder."""

    def run(self, *words: str | Path) -> str:
        """Run a command on that machine; raise StageError when it fails."""


def copy(place: Place, wanted: Iterable[Files]) -> None:
    """Copy files onto the file system, as they are.

    Parameters
    ----------
    place
        Where to.
    wanted
        What, and where to.

    Raises
    ------
    StageError
        When one cannot be copied.
    """
    for files in wanted:
        target = place.folder / files.target
        is_folder = files.source.is_dir() and not files.is_packed
        place.run("mkdir", "-p", target if is_folder else target.parent)
        if files.source.is_file():
            place.run("cp", "--preserve", files.source, target)
        else:
            place.run("bash", "-o", "pipefail", "-c", _folder_copied(files, target))


def size(place: Place, wanted: Iterable[Files]) -> int:
    """Return the bytes of files that were copied onto the file system.

    Raises
    ------
    StageError
        When one is not there.
    """
    targets = dict.fromkeys(place.folder / files.target for files in wanted)
    # Not du: a folder of MooseFS says that it has hundreds of kilobytes.
    sizes = place.run("find", *targets, "-type", "f", "-printf", r"%s\n")
    return sum(map(int, sizes.split()))


def _folder_copied(files: Files, target: Path) -> str:
    left_out = [f"--exclude={pattern}" for pattern in files.without]
    pack = ["tar", "--create", f"--directory={files.source}", *left_out, "."]
    unpack = ["tar", "--extract", f"--directory={target}"]
    if files.is_packed:
        unpack = ["dd", "bs=1M", "iflag=fullblock", "status=none", f"of={target}"]
    return " | ".join(" ".join(map(quoted, words)) for words in (pack, unpack))


def open_root(mount: Mount, root: Path) -> None:
    """Have the node's own devices, processes and names in an unpacked root folder.

    Raises
    ------
    StageError
        When one cannot be mounted.
    """
    for path in _OF_THE_NODE:
        mount.run("mount", "--rbind", path, root / path.lstrip("/"))
    for path in _ETC:
        inside = root / path.lstrip("/")
        if inside.exists():
            mount.run("mount", "--bind", path, inside)
