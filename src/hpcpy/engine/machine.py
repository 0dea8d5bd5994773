"""What `make setup` prints: the tools, what this machine allows, what would allow more."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.programs import captured
from hpcpy.core.trust import user_name
from hpcpy.engine.tools import Found, all_tools

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
            userns_remedy(_sysctl),
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


def _sysctl(name: str) -> str:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return ""


def userns_remedy(read: Callable[[str], str]) -> str:
    """Return the command that allows user namespaces; empty when none would."""
    for name, forbids, allows in _SYSCTLS:
        if read(name) == forbids:
            return f"sysctl -w {name.replace('/', '.')}={allows}"
    return ""


def as_table(found: Mapping[str, Found], groups: Iterable[str]) -> str:
    """Return the tools and capabilities as text for a terminal."""
    wanted = set(groups)
    lines = [f"{'TOOL':17} {'VERSION':9} {'FROM':12} PATH"]
    for tool in all_tools():
        one = found.get(tool.program)
        if one:
            lines.append(f"{tool.program:17} {one.version!s:9} {one.origin:12} {one.path}")
        else:
            options = [group for group in tool.groups if group not in wanted]
            where = "" if wanted & set(tool.groups) else f"; make setup TOOLS={options[0]} gets it"
            lines.append(f"{tool.program:17} {'–':9} {'–':12} ({tool.why}{where})")
    lines += ["", f"{'MACHINE':22} ALLOWED"]
    for capability in all_capabilities():
        lines += capability.lines()
    return "\n".join(lines)
