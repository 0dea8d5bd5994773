"""What this process has mapped and opened: its MPI library, and the fabric that MPI uses.

No MPI call reports the fabric.  A driver of a fabric opens its device, TCP a listening
socket.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

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
_SAYS = re.compile(r"^libfabric provider: ([\w;]+)", re.MULTILINE)


def files(maps: str) -> list[str]:
    """Return the files of a text in the form of ``/proc/self/maps``, each once."""
    found = {}
    for line in maps.splitlines():
        # Address, permissions, offset, device, inode; the rest may have spaces.
        parts = line.split(maxsplit=5)
        if len(parts) == 6 and parts[5].startswith("/"):
            found[parts[5].removesuffix(" (deleted)")] = True
    return list(found)


def mpi_library(mapped: list[str], named: str = "") -> str:
    """Return the MPI library among mapped files; empty where there is none."""
    if named and (real := str(Path(named).resolve())) in mapped:
        return real
    found = [path for path in mapped if _MPI.fullmatch(path.rpartition("/")[2])]
    return found[0] if found else ""


def mapped_files() -> list[str]:
    """Return the files that this process has mapped; none where they cannot be read."""
    try:
        return files(Path("/proc/self/maps").read_text(errors="surrogateescape"))
    except OSError:
        return []


def open_files() -> frozenset[str]:
    """Return what this process has open, as the links of ``/proc/self/fd`` say."""
    found = set()
    try:
        numbers = os.listdir("/proc/self/fd")  # noqa: PTH208
    except OSError:
        return frozenset()
    for number in numbers:
        try:
            found.add(str(Path("/proc/self/fd", number).readlink()))
        except OSError:  # the listing's own
            continue
    return frozenset(found)


def fabric(opened: frozenset[str], mapped: list[str], root: Path = Path("/")) -> dict[str, str]:
    """Return the provider that MPI uses, and the evidence."""
    listening = bool(opened & _listening_sockets(root))
    for device, provider in _DEVICES:
        if found := sorted(path for path in {*opened, *mapped} if device.fullmatch(path)):
            if provider == "verbs" and listening:
                # A search for devices alone opens them, too.
                return {"provider": "tcp", "how": f"it listens on TCP; {found[0]} is open as well"}
            return {"provider": provider, "how": f"{found[0]} is open"}
    if listening:
        return {"provider": "tcp", "how": "it listens on TCP and has no fabric's device open"}
    return {"provider": "", "how": "no fabric's device is open, and no TCP socket listens"}


def _listening_sockets(root: Path) -> frozenset[str]:
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = (root / "proc/self/net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTENS:
                found.add(f"socket:[{fields[9]}]")
    return frozenset(found)


def fabric_said_by_mpich(text: str) -> str:
    """Return the provider that MPICH names with MPIR_CVAR_DEBUG_SUMMARY=1; empty if none."""
    found = _SAYS.findall(text)
    return found[-1] if found else ""
