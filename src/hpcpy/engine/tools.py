"""The programs that are needed (env/tools.toml), and which a machine has; what it allows."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.programs import NOT_STARTED, captured
from hpcpy.pins.tables import Table, read_table
from hpcpy_common.errors import UnavailableError, UsageError
from hpcpy_common.machine import user_name

# runc, buildah's helpers and the like lie in sbin, which an ordinary user's
# PATH does not have on Debian.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_SECONDS = 30  # that a program may take to tell its version
_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)+)")


class Version(tuple[int, ...]):
    """The numbers of a version: suffixes say how it was packaged, not what it can do."""

    __slots__ = ()

    def __str__(self) -> str:
        return ".".join(map(str, self))


def parse_version(text: str) -> Version | None:
    """Return the first number with a dot in what a tool printed: 1.1.5 of runc 1.1.5+ds1."""
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


def here(name: str, enough: str = "", beside: str = "") -> Path:
    """Return where the machine has a tool, or what is beside one; an older one may be enough."""
    (tool,) = (tool for tool in all_tools() if tool.program == (beside or name))
    minimum = parse_version(enough) or tool.minimum
    program = on_path(tool := replace(tool, program=name, minimum=minimum))
    if program is None or not program.usable:
        remedy = f"make setup TOOLS={tool.groups[0]}" if paths.IS_CHECKOUT else tool.package
        hint = f"{'run: ' if paths.IS_CHECKOUT else 'install the package '}{remedy}"
        raise UnavailableError(f"no {name} {tool.minimum} or newer here", hint=hint)
    return program.path


def _library(tool: Tool) -> Found | None:
    # Path.glob of Debian 12's Python stops at a link to what is closed.
    libraries = sorted(map(Path, glob(tool.library)))  # noqa: PTH207
    if not libraries:
        return None
    # The link's target is named by its version: libpmix.so.2.6.2.
    version = parse_version(libraries[0].resolve().name.partition(".so.")[2])
    return Found(tool, libraries[0], version, "PATH")


_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_SYSCTLS = (
    # file below /proc/sys, the value that forbids, the one that allows
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user/max_user_namespaces", "0", "10000"),
)


@dataclass(frozen=True)
class Capability:
    """One thing that a machine allows or not."""

    name: str
    test: str  # What a shell finds out with, as an ordinary user
    without: str  # What does not work without it
    remedy: str  # What an administrator would type; empty where nothing would help

    def lines(self) -> list[str]:
        """Return what is told of it."""
        user = _AS_NOBODY if os.geteuid() == 0 else ()
        if captured([*user, "sh", "-c", self.test]).returncode == 0:
            return [f"{self.name:22} yes"]
        remedy = f"an administrator would type: {self.remedy}"
        return [
            f"{self.name:22} no",
            f"{'':22}   without it: {self.without}",
            f"{'':22}   {remedy if self.remedy else 'what this runs in forbids it: a container?'}",
        ]


def all_capabilities() -> list[Capability]:
    """Return all of them, in the order in which they are told."""
    user = os.environ.get("SUDO_USER") or (user_name(os.geteuid()) if os.geteuid() else "")
    # For root alone: whether any user has one.
    line = shlex.quote(f"^{user or '[^:#]+'}:[0-9]+:[0-9]+$")
    has_ids = f"grep -Eq {line}"
    options = "--add-subuids 100000-165535 --add-subgids 100000-165535"
    return [
        Capability(
            "user namespaces",
            "unshare --user --map-root-user true",
            "Apptainer and podman work for root alone",
            userns_remedy(),
        ),
        Capability(
            "/dev/fuse for users",
            "test -r /dev/fuse && test -w /dev/fuse",
            "an ordinary user's Apptainer starts no SIF, or by --unsquash unpacks it at each start",
            "modprobe fuse && chmod 666 /dev/fuse",
        ),
        Capability(
            "subuid range",
            f"command -v newuidmap && {has_ids} /etc/subuid && {has_ids} /etc/subgid",
            "an ordinary user's podman and apptainer build cannot keep the owners of files",
            f"apt-get install uidmap && usermod {options} {user or 'USER'}",
        ),
        Capability(
            "squashfs loop mounts",
            "grep -qw squashfs /proc/filesystems && test -e /dev/loop-control",
            "root's SIF is mounted through FUSE, which is slower with many ranks",
            "modprobe -a squashfs loop",
        ),
    ]


def userns_remedy(folder: Path = Path("/proc/sys")) -> str:
    """Return the command that allows user namespaces; empty when none would."""
    for name, forbids, allows in _SYSCTLS:
        file = folder / name
        if file.exists() and file.read_text().strip() == forbids:
            return f"sysctl -w {name.replace('/', '.')}={allows}"
    return ""


def as_table(programs: Mapping[str, Found], groups: Iterable[str]) -> str:
    """Return the tools and capabilities as text for a terminal."""
    wanted = set(groups)
    lines = [f"{'TOOL':17} {'VERSION':9} {'FROM':12} PATH"]
    for tool in all_tools():
        program = programs.get(tool.program)
        if program:
            lines.append(
                f"{tool.program:17} {program.version!s:9} {program.origin:12} {program.path}"
            )
        else:
            options = [group for group in tool.groups if group not in wanted]
            where = "" if wanted & set(tool.groups) else f"; make setup TOOLS={options[0]} gets it"
            lines.append(f"{tool.program:17} {'–':9} {'–':12} ({tool.why}{where})")
    lines += ["", f"{'MACHINE':22} ALLOWED"]
    for capability in all_capabilities():
        lines += capability.lines()
    return "\n".join(lines)
