"""What this process has mapped and opened: its MPI library, and the fabric that MPI uses.

No MPI call reports the fabric.  A driver of a fabric opens its device, TCP a listening
socket.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any

# MPI libraries, without their companions for Fortran and C++ (libmpi_mpifh).
_MPI = re.compile(r"libmpi(ch|_abi|(ch)?_(gnu|cray|intel|aocc|nvidia|amd)\w*)?\.so(\.\d+)*")
# Device files, and the providers of libfabric that open them, surest first.
_DEVICES = (
    (re.compile(r"/dev/cxi\d"), "cxi"),
    (re.compile(r"/dev/hfi1_\d"), "opx"),
    (re.compile(r"/dev/infiniband/uverbs\d"), "verbs"),
)
# The state of a listening socket in /proc/self/net/tcp.
_LISTENS = "0A"


def describe_mpi(mpi: Any) -> dict[str, str]:
    """Return the library that `mpi4py.MPI` has loaded: its file, versions and ABI.

    The ABI, ``family``, is ``openmpi``, ``abi`` (the MPI 5 standard's), or for all
    others ``mpich``.
    """
    path = mpi_library(mapped_files())
    text = mpi.Get_library_version()
    family = "openmpi" if text.startswith("Open MPI") else "mpich"
    if Path(path).name.startswith("libmpi_abi"):
        family = "abi"
    return {
        "path": path,
        "version": shortened(text),
        "standard": ".".join(map(str, mpi.Get_version())),
        "family": family,
    }


def shortened(text: str) -> str:
    """Return the lines of a library's description that tell its version and device."""
    lines = [" ".join(line.split()).strip(" \0") for line in text.splitlines()]
    known = [line for line in lines if re.search(r"version|device", line, re.IGNORECASE)]
    return ", ".join((known or lines[:1])[:2])


def mpi_library(mapped: list[str]) -> str:
    """Return the MPI library among mapped files; empty where there is none."""
    named = os.environ.get("HPCPY_MPI") or os.environ.get("HPCPY_LIBMPI", "")
    if named and (real := str(Path(named).resolve())) in mapped:
        return real
    return next((path for path in mapped if _MPI.fullmatch(path.rpartition("/")[2])), "")


def mapped_files() -> list[str]:
    """Return the files that this process has mapped; none where they cannot be read."""
    try:
        maps = Path("/proc/self/maps").read_text(errors="surrogateescape")
    except OSError:
        return []
    # Address, permissions, offset, device, inode; the rest may have spaces.
    lines = [line.split(maxsplit=5) for line in maps.splitlines()]
    paths = [parts[5].removesuffix(" (deleted)") for parts in lines if len(parts) == 6]
    return [path for path in dict.fromkeys(paths) if path.startswith("/")]


def in_use() -> frozenset[str]:
    """Return what this process has open, as the links of ``/proc/self/fd`` say, and mapped."""
    files = set(mapped_files())
    for file in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # the listing's own
            files.add(str(file.readlink()))
    return frozenset(files)


def fabric(opened: frozenset[str], mapped: list[str], root: Path = Path("/")) -> dict[str, str]:
    """Return the provider that MPI uses, and the evidence."""
    listening = bool(opened & _listening_sockets(root))
    for device, provider in _DEVICES:
        if devices := sorted(path for path in {*opened, *mapped} if device.fullmatch(path)):
            if provider == "verbs" and listening:
                # A search for devices alone opens them, too.
                return {
                    "provider": "tcp",
                    "how": f"it listens on TCP; {devices[0]} is open as well",
                }
            return {"provider": provider, "how": f"{devices[0]} is open"}
    if listening:
        return {"provider": "tcp", "how": "it listens on TCP and has no fabric's device open"}
    return {"provider": "", "how": "no fabric's device is open, and no TCP socket listens"}


def _listening_sockets(root: Path) -> frozenset[str]:
    listening = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            lines = (root / "proc/self/net" / name).read_text().splitlines()
            sockets = [line.split() for line in lines[1:]]
            listening |= {f"socket:[{fields[9]}]" for fields in sockets if fields[3] == _LISTENS}
    return frozenset(listening)
