"""What a user is told: what will not work, seen before it is packed, and a start's path calls.

strace counts the calls.  It cannot follow the daemon and a program at once: it waits for a page of
the program that the daemon, which strace has stopped, is to read.  So the launch is counted with a
program of the node, and the program by a strace inside.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpcpy.core.errors import HpcpyError
from hpcpy.engine.traced import traced
from hpcpy.pack.environment import ON_THE_NODE, Environment, is_below
from workloads.startup.calls import Call

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
_TRUE = "/bin/true"
# A start with a mount of its own.
ALONE = {"HPCPY_PACK_HOLD": "0"}


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


def _off_node(calls: Sequence[Call], elsewhere: Sequence[str] = ()) -> list[str]:
    local = (*ON_THE_NODE, *elsewhere)
    paths = [call.path for call in calls]
    return [path for path in paths if path not in ("", "/") and not is_below(path, local)]


def launch(packed: Path, env: Mapping[str, str]) -> int:
    """Count the calls of a launch, of the daemon too, until a program is executed."""
    command = [str(packed / "bin/pack-exec"), _TRUE]
    calls = traced(command, env={**os.environ, **env}).paths
    end = next(at for at, call in enumerate(calls) if call.path == _TRUE)
    # A program of the image lies where the one of the node does not.
    return len(_off_node(calls[:end])) + 1


def count(environment: Environment, packed: Path, program: Sequence[str]) -> str:
    """Return a line of a start's path calls in the folder, and in what is to take its place."""
    prefix = environment.prefix
    if program and environment.is_command(program[0]):
        command = [str(prefix / "bin" / program[0]), *program[1:]]
    else:
        command = [str(prefix / "bin/python"), *(program or ("-c", "pass"))]
    inside = [str(packed / "bin/pack-exec")]
    try:
        before = _off_node(traced(command).paths)
        calls = traced(command, env={**os.environ, **ALONE}, within=inside).paths
        launched = launch(packed, ALONE)
    except HpcpyError as error:
        return f"path calls were not counted: {error}"
    after = _off_node(calls, [*map(str, environment.folders)])
    # As many before as now, of the program and of its user, or kept by any node: torch looks
    # 2,000 times at each folder above its own.
    above = {str(folder) for folder in prefix.parents}
    others = [str(Path.cwd()), str(Path.home()), tempfile.gettempdir()]
    others += [str(Path(word).absolute().parent) for word in program[:1]]
    same = sum(path in above or is_below(path, others) for path in after)
    return (
        f"path calls off the node: {len(before) - same:,} before, now"
        f" {launched + len(after) - same}; beside them {same:,} in the folders above the"
        " environment, in the home and in the program's"
    )
