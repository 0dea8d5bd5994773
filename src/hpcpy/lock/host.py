"""Locks such as ``dev.lock``, for the machine's own Python, in pip's format."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

from hpcpy.core import paths
from hpcpy.core.scratch import build_scratch
from hpcpy.lock.uv import compile_lock
from hpcpy.pins.tables import read_table


def resolve(name: str, old: str = "", only: Collection[str] = ()) -> str:
    """Return requirements with hashes, for every Python that the host tool runs on."""
    oldest = _oldest_python()
    with build_scratch("lock") as scratch:
        output, held = scratch / "requirements.txt", scratch / "constraints.txt"
        kept = {line: lines for line, lines in _entries(old) if only and _name(line) not in only}
        held.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        compile_lock(
            output,
            [paths.ENV / f"{name}.in"],
            "--universal",
            "--generate-hashes",
            f"--python-version={oldest}",
            f"--constraint={held}",
        )
        resolved = output.read_text(encoding="utf-8")
    # New files of a locked version are no move: its entry stays as it is.
    return "".join(kept.get(line, lines) for line, lines in _entries(resolved))


def _entries(requirements: str) -> Iterator[tuple[str, str]]:
    """Give each requirement, and it with its hashes as they are written."""
    for match in re.finditer(r"(?m)^([^\s#-].*?)( \\)?\n(?:[ \t].*\n)*", requirements):
        yield match[1], match[0]


def _name(line: str) -> str:
    return re.split(r"[=; ]", line, maxsplit=1)[0]


def versions(requirements: str) -> dict[str, str]:
    """Return the packages of a requirements file with their versions.

    An older Python may have one of its own: then both are told.
    """
    found = defaultdict(list)
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements):
        found[name].append(version)
    return {name: ", ".join(all_of_it) for name, all_of_it in found.items()}


def _oldest_python() -> str:
    project = read_table(paths.ROOT / "pyproject.toml").table("project")
    return project.text("requires-python").removeprefix(">=")
