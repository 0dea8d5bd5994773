"""Detect MPI's fabric from the devices and sockets it has opened.

No MPI call reports it.  A driver of a fabric opens its device, TCP a listening
socket.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

# Device files, and the providers of libfabric that open them, surest first.
_DEVICES = (
    (re.compile(r"/dev/cxi\d"), "cxi"),
    (re.compile(r"/dev/hfi1_\d"), "opx"),
    (re.compile(r"/dev/infiniband/uverbs\d"), "verbs"),
)
# The state of a listening socket in /proc/self/net/tcp.
_LISTENS = "0A"
_SAYS = re.compile(r"^libfabric provider: ([\w;]+)", re.MULTILINE)


def evidence(opened: frozenset[str], mapped: list[str], root: Path = Path("/")) -> dict[str, str]:
    """Return the provider that MPI uses, and the evidence.

    Parameters
    ----------
    opened
        What MPI's start has opened, as links of ``/proc/self/fd``.
    mapped
        The files that are mapped.
    root
        The folder that has ``proc``; tests have their own.

    Returns
    -------
    dict
        ``provider`` (``cxi``, ``opx``, ``verbs``, ``tcp``, or empty) and ``how``.
    """
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


def said_by_mpich(text: str) -> str:
    """Return the provider that MPICH names with MPIR_CVAR_DEBUG_SUMMARY=1; empty if none.

    Parameters
    ----------
    text
        What it has printed.
    """
    found = _SAYS.findall(text)
    return found[-1] if found else ""


# `struct fi_info` and `struct fi_fabric_attr` of libfabric's interface 1.x, as
# far as they are needed (man 3 fi_getinfo; the same since its first release).
class _FabricAttributes(ctypes.Structure):
    _fields_ = (("fabric", ctypes.c_void_p), ("name", ctypes.c_char_p), ("prov", ctypes.c_char_p))


class _Info(ctypes.Structure):
    pass


_Info._fields_ = (
    ("next", ctypes.POINTER(_Info)),
    ("caps_mode", ctypes.c_uint64 * 2),
    ("addr_format", ctypes.c_uint32),
    ("lengths", ctypes.c_size_t * 2),
    ("before", ctypes.c_void_p * 7),
    ("fabric_attr", ctypes.POINTER(_FabricAttributes)),
)
_VERSION = 1 << 16 | 5


def offered_by_libfabric() -> list[str]:
    """Return the providers that libfabric has here; none where it is not loaded.

    A site's libmpi loads it as a library of its own; the image's libmpi has it
    linked in, where it cannot be asked.
    """
    try:
        fabric = ctypes.CDLL("libfabric.so.1", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return []
    first = ctypes.POINTER(_Info)()
    if fabric.fi_getinfo(_VERSION, None, None, ctypes.c_uint64(0), None, ctypes.byref(first)):
        return []
    names, info = [], first
    while info:
        names.append((info.contents.fabric_attr.contents.prov or b"").decode())
        info = info.contents.next
    fabric.fi_freeinfo(first)
    return list(dict.fromkeys(names))
