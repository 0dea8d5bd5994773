"""What `make setup` prints: the tools, what this machine allows, what would allow more."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.programs import captured
from hpcpy.core.trust import user_name
from hpcpy.engine.tools import Found, all_tools

NOBODY = 65534
_SYSCTLS = (
    # file below /proc/sys, the value that forbids
    ("kernel/unprivileged_userns_clone", "0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ("user/max_user_namespaces", "0"),
)


@dataclass(frozen=True)
class Capability:
    """One thing the kernel allows or not."""

    name: str  # What it is
    there: bool  # Whether it is allowed
    detail: str  # What was found
    without: str  # What does not work without it
    remedy: str  # What an administrator would type; empty where nothing would help


def user_namespaces() -> Capability:
    """Tell whether an ordinary user may make a user namespace."""
    command = ["unshare", "--user", "--map-root-user", "true"]
    if os.geteuid() == 0:
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*drop, *command]
    code = captured(command).returncode
    remedy = userns_remedy(_sysctl)
    detail = "ordinary users may make them"
    if code != 0:
        # No sysctl is in the way: a container, a chroot, seccomp.
        detail = f"forbidden to ordinary users by {'a sysctl' if remedy else 'what this runs in'}"
    return Capability(
        "user namespaces", code == 0, detail, "Apptainer and podman work for root alone", remedy
    )


def _sysctl(name: str) -> str:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return ""


def userns_remedy(read: Callable[[str], str]) -> str:
    """Return the command that allows user namespaces; empty when none would."""
    allow = {"0": "1", "1": "0"}
    for name, forbids in _SYSCTLS:
        if read(name) == forbids:
            value = "10000" if name.startswith("user/") else allow[forbids]
            return f"sysctl -w {name.replace('/', '.')}={value}"
    return ""


def fuse_device() -> Capability:
    """Tell whether an ordinary user may use /dev/fuse."""
    device = Path("/dev/fuse")
    mode = stat.S_IMODE(device.stat().st_mode) if device.exists() else 0
    allowed = mode & 0o006 == 0o006 if os.geteuid() == 0 else os.access(device, os.R_OK | os.W_OK)
    return Capability(
        "/dev/fuse for users",
        allowed,
        f"mode {mode:o}" if mode else "there is none",
        "an ordinary user's Apptainer starts no SIF, or by --unsquash unpacks it at each start",
        "chmod 666 /dev/fuse" if mode else "modprobe fuse && chmod 666 /dev/fuse",
    )


def subuid_range() -> Capability:
    """Tell whether the user (for root: any user) has ranges of subordinate ids."""
    user = os.environ.get("SUDO_USER") or user_name(os.geteuid())
    users = set.intersection(
        *(subordinate_users(_lines(Path("/etc", name))) for name in ("subuid", "subgid"))
    )
    if os.geteuid() == 0 and "SUDO_USER" not in os.environ:
        user = "USER"
    else:
        users &= {user, str(os.geteuid())}
    helper = shutil.which("newuidmap") is not None
    options = "--add-subuids 100000-165535 --add-subgids 100000-165535"
    remedies = [] if helper else ["apt-get install uidmap"]
    remedies += [] if users else [f"usermod {options} {user}"]
    detail = f"for {', '.join(sorted(users))}" if users else "none"
    return Capability(
        "subuid range",
        bool(users) and helper,
        detail if helper else f"{detail}; newuidmap is missing",
        "an ordinary user's podman and apptainer build cannot keep the owners of files",
        " && ".join(remedies),
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def subordinate_users(lines: list[str]) -> set[str]:
    """Return who has ids in a subuid or subgid file: names, or numbers."""
    fields = [line.split(":") for line in lines]
    return {field[0] for field in fields if len(field) == 3 and field[2].isdigit()}


def squashfs_mounts() -> Capability:
    """Tell whether the kernel can mount a SIF's file system itself."""
    kinds = {line.split()[-1] for line in _lines(Path("/proc/filesystems"))}
    lacking = [] if "squashfs" in kinds else ["squashfs in the kernel"]
    if not Path("/dev/loop-control").exists():
        lacking.append("/dev/loop-control")
    remedy = "modprobe -a squashfs loop" if lacking else ""
    if os.geteuid() != 0:
        lacking.append("root")
    return Capability(
        "squashfs loop mounts",
        not lacking,
        f"lacking: {', '.join(lacking)}" if lacking else "for root",
        "a SIF is mounted through FUSE, which is slower with many ranks",
        remedy,
    )


def all_capabilities() -> list[Capability]:
    """Return all of them, in the order in which they are told."""
    return [user_namespaces(), fuse_device(), subuid_range(), squashfs_mounts()]


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
    lines += ["", f"{'MACHINE':22} FOUND"]
    for capability in all_capabilities():
        lines += _capability_lines(capability)
    return "\n".join(lines)


def _capability_lines(capability: Capability) -> list[str]:
    mark = "yes" if capability.there else "no"
    lines = [f"{capability.name:22} {mark}: {capability.detail}"]
    if not capability.there:
        lines.append(f"{'':22}   without it: {capability.without}")
    if not capability.there and capability.remedy:
        lines.append(f"{'':22}   an administrator would type: {capability.remedy}")
    return lines
