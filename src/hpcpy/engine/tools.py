"""The programs that are needed, and which of them a machine has (env/tools.toml)."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.programs import NOT_STARTED, captured
from hpcpy.pins.tables import Table, read_table

# runc, buildah's helpers and the like lie in sbin, which an ordinary user's
# PATH does not have on Debian.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_SECONDS = 30  # that a program may take to tell its version
_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)+)")


@dataclass(frozen=True, order=True)
class Version:
    """The numbers of a version: suffixes say how it was packaged, not what it can do."""

    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))


def parse_version(text: str) -> Version | None:
    """Return the first number with a dot in what a tool printed.

    >>> str(parse_version("runc version 1.1.5+ds1"))
    '1.1.5'
    """
    match = _NUMBER.search(text)
    if not match:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    while len(numbers) > 2 and numbers[-1] == 0:  # 1.4.0 is 1.4
        numbers.pop()
    return Version(tuple(numbers))


@dataclass(frozen=True)
class Tool:
    """A program, from which version on, and where it comes from: a table of env/tools.toml."""

    program: str
    minimum: Version
    package: str
    groups: tuple[str, ...]
    why: str
    version_argument: str = "--version"
    names_itself: str = ""
    library: str = ""
    provided: str = "apt"


def _tool(table: Table) -> Tool:
    minimum = parse_version(table.text("minimum", r"\d+(\.\d+)+", "a version with a dot"))
    assert minimum  # noqa: S101  # the pattern has one
    return table.fill(Tool, minimum=minimum)


@functools.cache
def all_tools() -> tuple[Tool, ...]:
    """Return the tools of env/tools.toml."""
    return tuple(_tool(table) for table in read_table(paths.ENV / "tools.toml").array("tool"))


def all_groups() -> tuple[str, ...]:
    """Return the groups' names, in the table's order."""
    return tuple(dict.fromkeys(group for tool in all_tools() for group in tool.groups))


@dataclass(frozen=True)
class Found:
    """A program that is there: where, which version, whose it is."""

    tool: Tool
    path: Path
    version: Version | None
    origin: str

    @property
    def usable(self) -> bool:
        """Whether it is recent enough."""
        return self.version is not None and self.version >= self.tool.minimum


def needed(groups: Iterable[str]) -> list[Tool]:
    """Return the tools of some groups, in the table's order."""
    wanted = set(groups)
    known = all_groups()
    if unknown := sorted(wanted - set(known)):
        raise UsageError(f"no tool group {unknown[0]!r}", hint=f"one of: {', '.join(known)}")
    return [tool for tool in all_tools() if wanted & set(tool.groups)]


def program_version(
    path: Path, argument: str = "--version", names_itself: str = ""
) -> Version | None:
    """Ask a program for its version; None when it does not start or tell."""
    try:
        return _version(path, argument, names_itself or path.name, path.stat().st_mtime_ns)
    except OSError:
        return None


@functools.cache
def _version(path: Path, argument: str, name: str, _mtime: int) -> Version | None:
    done = captured([path, argument], seconds=_SECONDS)
    if done.returncode == NOT_STARTED:
        return None
    # Some tell the versions of others first: those that they find, or are built on.
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    own = "\n".join(line for line in lines if name in line)
    return parse_version(own) or parse_version(done.stdout) or parse_version(done.stderr)


def on_path(tool: Tool) -> Found | None:
    """Look a tool up on PATH and in the folders of system programs."""
    if tool.library:
        return _library(tool)
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *SBIN]
    # build/tools/bin has wrappers of what is found here, once on PATH itself.
    others = [folder for folder in folders if Path(folder).absolute() != paths.TOOLS / "bin"]
    path = shutil.which(tool.program, path=os.pathsep.join(others))
    if path is None:
        return None
    version = program_version(Path(path), tool.version_argument, tool.names_itself)
    return Found(tool, Path(path), version, "PATH")


def _library(tool: Tool) -> Found | None:
    found = sorted(Path("/").glob(tool.library.lstrip("/")))
    if not found:
        return None
    # The link's target is named by its version: libpmix.so.2.6.2.
    return Found(
        tool, found[0], parse_version(found[0].resolve().name.partition(".so.")[2]), "PATH"
    )
