"""What a packed environment cannot do, seen before it is packed, and what to do about it."""

from __future__ import annotations

import os
import re
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path

from hpcpy.pack.environment import Environment, is_below

# kind -> (what will not work, what to do)
KINDS = {
    "unreadable": ("you cannot read it", "chmod u+r, or remove it"),
    "editable": ("is installed from a folder outside, which stays there", "pip install it, no -e"),
    "link": ("leads out of the environment", "its target must stay; --with FOLDER packs it too"),
    "runpath": ("looks for libraries outside", "--with FOLDER, or build it again"),
    "setuid": ("loses its setuid bit", "start it from elsewhere"),
    "private": ("others cannot read it, but could read it in the image", "remove it, or chmod"),
}
_PATHS = re.compile(r"(?:^|file://|['\"])(/[^'\"\s,:]+)", re.MULTILINE)
# Of an ELF file's dynamic section: where the texts are, RPATH, RUNPATH.
_STRINGS, _RPATH, _RUNPATH = 5, 15, 29
_LOAD, _DYNAMIC = 1, 2


@dataclass
class Contents:
    """What the folders of an environment hold."""

    entries: int = 0
    size: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Keep a finding."""
        self.found.setdefault(kind, []).append(text)

    def lines(self) -> list[str]:
        """Return the findings for people, three of each kind."""
        lines = []
        for kind, (what, remedy) in KINDS.items():
            texts = self.found.get(kind, [])
            for text in texts[:3]:
                lines.append(f"{text}: {what}")
            if len(texts) > 3:
                lines.append(f"… and {len(texts) - 3} more like the last")
            lines += [f"  what to do: {remedy}"] if texts else []
        return lines


def look(environment: Environment) -> Contents:
    """Walk through the folders of an environment."""
    contents = Contents()
    inside = environment.inside
    is_public = bool(environment.source.stat().st_mode & stat.S_IROTH)
    for tree in environment.trees:
        for folder, folders, files in os.walk(tree):
            contents.entries += 1 + len(files)
            if not os.access(folder, os.R_OK | os.X_OK):
                contents.add("unreadable", folder)
            for name in files:
                _look_at(contents, f"{folder}/{name}", inside, is_public=is_public)
            for name in folders:
                if os.path.islink(f"{folder}/{name}"):
                    contents.entries += 1
                    _look_at(contents, f"{folder}/{name}", inside, is_public=is_public)
    return contents


def _look_at(contents: Contents, path: str, inside: tuple[str, ...], *, is_public: bool) -> None:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        target = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
        if not is_below(target, inside):
            contents.add("link", f"{path} -> {target}")
        return
    if not stat.S_ISREG(status.st_mode):
        return
    contents.size += status.st_size
    if not os.access(path, os.R_OK):
        contents.add("unreadable", path)
        return
    if status.st_mode & stat.S_ISUID:
        contents.add("setuid", path)
    if is_public and not status.st_mode & stat.S_IROTH:
        contents.add("private", path)
    if path.endswith((".pth", "/direct_url.json")) or "/__editable__" in path:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
        for other in _PATHS.findall(text):
            if not is_below(other, inside):
                contents.add("editable", f"{path}: {other}")
    if ".so" in path or "/bin/" in path or ("/lib/" in path and status.st_mode & stat.S_IXUSR):
        for other in run_paths(Path(path)):
            if other.startswith("/") and not is_below(os.path.normpath(other), inside):
                contents.add("runpath", f"{path}: {other}")


def run_paths(path: Path) -> list[str]:
    """Return the folders in which an ELF file of 64 bits looks for its libraries."""
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
            if head[:6] != b"\x7fELF\x02\x01":
                return []
            start, size, count = struct.unpack_from("<Q", head, 32) + struct.unpack_from(
                "<HH", head, 54
            )
            stream.seek(start)
            table = stream.read(size * count)
            parts = [struct.unpack_from("<IIQQQQ", table, at * size) for at in range(count)]
            dynamic = next((part for part in parts if part[0] == _DYNAMIC), None)
            if dynamic is None:
                return []
            stream.seek(dynamic[2])
            words = list(struct.iter_unpack("<QQ", stream.read(dynamic[5] // 16 * 16)))
            wanted = [value for tag, value in words if tag in (_RPATH, _RUNPATH)]
            strings = next((value for tag, value in words if tag == _STRINGS), 0)
            loads = [part for part in parts if part[0] == _LOAD and part[3] <= strings]
            if not (wanted and loads):
                return []
            load = max(loads, key=lambda part: part[3])
            stream.seek(strings - load[3] + load[2] + wanted[0])
            return stream.read(4096).split(b"\0")[0].decode(errors="replace").split(":")
    except (OSError, struct.error):
        return []
