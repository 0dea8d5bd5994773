"""Apptainer's own configuration for this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

# In the kernel's order, which is fixed: bit 0 is CAP_CHOWN.
CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID"),
    *("SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST"),
    *("NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO"),
    *("SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"),
    *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE"),
    *("AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM"),
    *("BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)


def bounding_set(status: str) -> list[str]:
    """Return the capabilities that a process may ever have.

    Parameters
    ----------
    status
        The text of ``/proc/PID/status``.
    """
    match = re.search(r"(?m)^CapBnd:\s*([0-9a-f]+)", status)
    bits = int(match[1], 16) if match else 0
    return [f"CAP_{name}" for bit, name in enumerate(CAPABILITIES) if bits >> bit & 1]


def configure(folder: Path) -> None:
    """Adapt the configuration that came with the package.

    Parameters
    ----------
    folder
        Where ``apptainer.conf`` and ``capability.json`` lie.
    """
    conf = folder / "apptainer.conf"
    text = conf.read_text()
    allowed = bounding_set(Path("/proc/self/status").read_text())
    if len(allowed) < len(CAPABILITIES):
        # By default root gets all of them, and where the machine itself
        # lacks one no container starts: give those that there are.
        text = set_option(text, "root default capabilities", "file")
        (folder / "capability.json").write_text(json.dumps({"users": {"root": allowed}}, indent=2))
    if not Path("/run/systemd/system").is_dir():
        text = set_option(text, "systemd cgroups", "no")
    conf.write_text(text)


def set_option(text: str, key: str, value: str) -> str:
    """Return the text of an ``apptainer.conf`` with one option changed."""
    changed, count = re.subn(rf"(?m)^{re.escape(key)} =.*$", f"{key} = {value}", text)
    return changed if count else f"{text}\n{key} = {value}\n"
