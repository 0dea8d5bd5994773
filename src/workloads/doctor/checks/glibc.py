"""The C library, and whether it is new enough for what the site brings."""

from __future__ import annotations

import os
from pathlib import Path

from workloads.doctor import elf, process
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

# Where engines put the host's libraries.
_INJECTED = (
    "/opt/udiImage/modules/*", "/opt/udiImage/modules/*/dep", "/.singularity.d/libs",
)  # fmt: skip
# At most so many are read: a folder of thousands is somebody's whole installation.
_MOST_IN_DEPTH, _MOST = 1000, 64


def check(node: Node) -> list[Finding]:
    """Compare the C library with what the site's libraries want."""
    text = _own()
    own = elf.version(text)
    if not own:
        return [Finding("glibc.version", Status.INFO, "this C library is not glibc")]
    files = injected(node, _MOST_IN_DEPTH if node.deep else _MOST)
    wants = wanted(files)
    if not wants:
        return [Finding("glibc.version", Status.OK, f"{text}; nothing is injected", value=text)]
    path, newest = max(wants.items(), key=lambda item: item[1])
    most = ".".join(map(str, newest))
    if newest <= own:
        detail = f"{text}; libraries of MPI and the site ({len(wants)}) want at most {most}"
        return [Finding("glibc.version", Status.OK, detail, value=text)]
    count = sum(version > own for version in wants.values())
    detail = f"{text}, and {count} of the site's libraries want up to {most}: {path}"
    step = "take an image with a newer C library, or do not inject it"
    # Only a warning: MPI may load others, and one that it must load fails by itself.
    return [Finding("glibc.version", Status.WARN, detail, step, text)]


def _own() -> str:
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""
    return text.removeprefix("glibc ")


def injected(node: Node, most: int) -> list[Path]:
    """Return the libraries that come from the host, each once."""
    folders = [Path(part) for part in node.environ.get("LD_LIBRARY_PATH", "").split(":") if part]
    for pattern in _INJECTED:
        folders += sorted(node.root.glob(pattern.lstrip("/")))
    found = [Path(path) for path in process.mapped_files() if _is_mpi(path)]
    for folder in dict.fromkeys(folders):
        try:
            found += sorted(path for path in folder.iterdir() if ".so" in path.name)
        except OSError:
            continue
    # A library usually has three names.
    return list(dict.fromkeys(path.resolve() for path in found))[:most]


def _is_mpi(path: str) -> bool:
    return bool(process.mpi_library([path]))


def wanted(files: list[Path]) -> dict[str, tuple[int, ...]]:
    """Return the newest version of glibc that each library wants."""
    found = {}
    for path in files:
        try:
            newest = elf.newest_glibc(path)
        except (OSError, ValueError):
            continue
        if newest:
            found[str(path)] = newest
    return found
