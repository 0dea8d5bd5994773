"""The libraries by which MPI reaches the network, and what a line says of them.

libfabric and UCX lie apart from most MPI libraries, so that a site's can take their place:
an engine mounts it over the image's, by whose path it is then found.  So the file's path
does not tell which it is; the library's own version does.
"""

from __future__ import annotations

import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

from hpcpy_common import mounts, ranks
from hpcpy_job.doctor import process

# By their names: the project, the function that tells the version.
_LIBRARIES = (
    (re.compile(r"libfabric\.so(\.\d+)*"), "libfabric", "fi_version"),
    (re.compile(r"libucp\.so(\.\d+)*"), "UCX", "ucp_get_version_string"),
)
# What ranks of one node share: a file in memory, System V's, a device, Open MPI's in TMPDIR.
_SHARED = re.compile(r"/dev/shm/.+|/SYSV.+|/dev/xpmem|.*/(vader|sm)_segment.+")  # noqa: S108


@dataclass(frozen=True)
class Library:
    """A library of the network that this process has loaded."""

    name: str  # libfabric, UCX
    version: str  # empty where it does not say
    path: str
    is_mounted: bool = False  # by itself, as engines do over an image's

    def __str__(self) -> str:
        """Return it in words."""
        mounted = ", mounted by itself" if self.is_mounted else ""
        return f"{self.name} {self.version or 'of unknown version'} ({self.path}{mounted})"


def libraries(mapped: list[str], root: Path = Path("/")) -> list[Library]:
    """Return the libraries of the network among mapped files."""
    try:
        mountinfo = (root / "proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:
        mountinfo = ""
    return [
        Library(name, _version(path, function), path, mounts.is_point(mountinfo, path))
        for path in mapped
        for pattern, name, function in _LIBRARIES
        if pattern.fullmatch(path.rpartition("/")[2])
    ]


def _loaded(path: str) -> ctypes.CDLL | None:
    """Return a library that is in this process already; nothing is loaded."""
    try:
        return ctypes.CDLL(path, mode=os.RTLD_LAZY | os.RTLD_NOLOAD) if path else None
    except OSError:
        return None


def _version(path: str, function: str) -> str:
    """Return the version that a loaded library says; empty where it says none."""
    ask = getattr(_loaded(path), function, None)
    if ask is None:
        return ""
    if function == "fi_version":
        ask.restype = ctypes.c_uint32
        number = ask()
        return f"{number >> 16}.{number & 0xFFFF}"
    ask.restype = ctypes.c_char_p
    return str((ask() or b"").decode(errors="replace"))


def _mpi_version(path: str) -> str:
    """Return the version that MPI says; it may be asked at any time."""
    ask = getattr(_loaded(path), "MPI_Get_library_version", None)
    # As long as the longest that the libraries' headers allow.
    text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
    if ask is None or ask(text, ctypes.byref(length)) != 0:
        return "of unknown version"
    return process.shortened(text.value.decode(errors="replace"))


def shared_memory(opened: frozenset[str]) -> str:
    """Return a file by which MPI shares memory with ranks of this node; empty without one."""
    return next((path for path in sorted(opened) if _SHARED.fullmatch(path)), "")


def line(opened: frozenset[str]) -> str:
    """Return which libraries this process has, and by which ways MPI goes that has started."""
    mapped = process.mapped_files()
    named = process.mpi_library(mapped)
    words = [f"MPI is {named or 'a library without a file'} ({_mpi_version(named)})"]
    words += [str(library) for library in libraries(mapped)]
    words.append(f"network: {process.fabric(opened, mapped)['provider'] or 'unknown'}")
    if shared_memory(opened):
        words.append("shared memory")
    elif ranks.is_of_several(os.environ):  # one rank has nobody to share it with
        words.append("no shared memory")
    return ", ".join(words)
