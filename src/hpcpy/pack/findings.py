"""What a packed environment cannot do, seen before it is packed, and what to do about it."""

from __future__ import annotations

import mmap
import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hpcpy.pack.environment import ON_THE_NODE, Environment, is_below

# kind -> what will not work, and what to do
KINDS = {
    "unreadable": "you cannot read it: chmod u+r, or remove it",
    "editable": "is installed from a folder outside, which must stay: pip install it, no -e",
    "link": "leads out of the environment: its target must stay; --with FOLDER packs it too",
    "runpath": "looks for libraries outside: --with FOLDER, or build it again",
}
# Of each kind that are printed.
_SHOWN = 3
_PATHS = re.compile(r"(?:^|file://|['\"])(/[^'\"\s,:]+)", re.MULTILINE)
# Of an ELF file: a segment that is loaded, the dynamic one; of that: texts, RPATH, RUNPATH.
_LOAD, _DYNAMIC = 1, 2
_STRINGS, _RPATH, _RUNPATH = 5, 15, 29


@dataclass
class Contents:
    """What the folders of an environment hold."""

    entries: int = 0
    size: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield the findings for people."""
        for kind, what in KINDS.items():
            texts = self.found.get(kind, [])
            yield from (f"{text}: {what}" for text in texts[:_SHOWN])
            if len(texts) > _SHOWN:
                yield f"… and {len(texts) - _SHOWN} more like the last"


def look(environment: Environment) -> Contents:
    """Walk through the folders of an environment."""
    contents = Contents()
    inside = (*map(str, (*environment.folders, *environment.folders.values())), *ON_THE_NODE)
    for tree in environment.folders.values():
        for folder, folders, files in os.walk(tree):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in (".", *files, *links):
                path = Path(folder, name)
                status = path.lstat()
                contents.entries += 1
                contents.size += 0 if name == "." else status.st_size
                for kind, text in _findings(path, status.st_mode, inside):
                    contents.found.setdefault(kind, []).append(text)
    return contents


def _findings(path: Path, mode: int, inside: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if stat.S_ISLNK(mode):
        target = os.path.normpath(path.parent / path.readlink())
        if not is_below(target, inside):
            yield "link", f"{path} -> {target}"
    elif not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        yield "unreadable", str(path)
    elif stat.S_ISREG(mode):
        paths = [("editable", other) for other in _imported(path)]
        if ".so" in path.name or mode & stat.S_IXUSR:
            paths += [("runpath", other) for other in run_paths(path)]
        for kind, other in paths:
            # What is not there is neither imported nor loaded; $ORIGIN is inside.
            is_there = other.startswith("/") and Path(other).exists()
            if is_there and not is_below(os.path.normpath(other), inside):
                yield kind, f"{path}: {other}"


def _imported(path: Path) -> list[str]:
    if path.suffix == ".pth" or path.name == "direct_url.json" or "__editable__" in path.name:
        return _PATHS.findall(path.read_text(encoding="utf-8", errors="replace"))
    return []


def run_paths(path: Path) -> list[str]:
    """Return the folders in which an ELF file of 64 bits looks for its libraries."""
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            if data[:6] != b"\x7fELF\x02\x01":
                return []
            (start,) = struct.unpack_from("<Q", data, 32)
            size, count = struct.unpack_from("<HH", data, 54)
            parts = [struct.unpack_from("<IIQQQQ", data, start + at * size) for at in range(count)]
            begin, length = next((part[2], part[5]) for part in parts if part[0] == _DYNAMIC)
            words = list(struct.iter_unpack("<QQ", data[begin : begin + length // 16 * 16]))
            texts = next(value for tag, value in words if tag == _STRINGS)
            wanted = next(value for tag, value in words if tag in (_RPATH, _RUNPATH))
            load = max(part for part in parts if part[0] == _LOAD and part[3] <= texts)
            at = texts - load[3] + load[2] + wanted
            return data[at : data.find(b"\0", at)].decode(errors="replace").split(":")
    except (OSError, struct.error, StopIteration, ValueError):  # none of these, or no ELF file
        return []
