"""Packages of the host's own apt: listed first, then installed, and no daemon started."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import GIB, require_free
from hpcpy.core.stages import Stage, StageError, stage
from hpcpy.engine.tools import Tool

POLICY = Path("/usr/sbin/policy-rc.d")
INIT_SCRIPTS = Path("/etc/init.d")
# For apt: systemctl then makes and removes links, and asks the running systemd
# for nothing.  What maintainer scripts "start" stays off.
OFFLINE = {"SYSTEMD_OFFLINE": "1"}
_MARK = "# hpcpy: for the time of one installation"
# Another apt on the machine (unattended upgrades at boot) ends by itself.
LOCK_SECONDS = 120
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **OFFLINE}


def install_command(packages: Sequence[str]) -> list[str]:
    """Return what an administrator would type to install packages."""
    return ["apt-get", "install", "--no-install-recommends", *packages]


def why_not_install() -> str:
    """Return why this process may not install packages; empty when it may."""
    if os.environ.get("SETUP", "").lower() in ("no", "0", "false"):
        return "SETUP=no forbids it"
    if not shutil.which("apt-get"):
        return "this is not a Debian or Ubuntu"
    if os.geteuid() != 0:
        return "only root may"
    return ""


def missing_message(tools: Sequence[Tool], why_not: str) -> UnavailableError:
    """Return the error that names missing tools and what to type for them."""
    names = ", ".join(f"{tool.program} >= {tool.minimum}" for tool in tools)
    command = shlex.join(install_command(_packages(tools)))
    if shutil.which("apt-get"):
        hint = f"an administrator would type: {command}"
    else:
        hint = f"install them with the system's own means (on Debian: {command})"
    return UnavailableError(f"missing: {names}; not installed: {why_not}", hint=hint)


def _packages(tools: Sequence[Tool]) -> list[str]:
    return list(dict.fromkeys(tool.package for tool in tools))


def install(tools: Sequence[Tool]) -> None:
    """Install the packages of some tools, saying first which."""
    why_not = why_not_install()
    if why_not:
        raise missing_message(tools, why_not)
    packages = _packages(tools)
    require_free(Path("/usr"), GIB // 2, f"apt-get install {' '.join(packages)}")
    print("apt-get installs these packages (SETUP=no forbids it):", file=sys.stderr)
    for tool in tools:
        print(f"    {tool.package:18} {tool.program}: {tool.why}", file=sys.stderr)
    with no_daemon_starts(), stage("install packages with apt-get") as current:
        if not _known(packages):
            current.run(["apt-get", "update"], env=_QUIET)
            _install(packages, current)
            return
        try:
            _install(packages, current)
        except StageError:
            # The lists name files that the mirror no longer has.
            current.run(["apt-get", "update"], env=_QUIET)
            _install(packages, current)


def _install(packages: Sequence[str], current: Stage) -> None:
    program, *rest = install_command(packages)
    wait = ["-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    current.run([program, *wait, *rest], env=_QUIET)


def _known(packages: Sequence[str]) -> bool:
    """Tell whether apt's lists have all of them, and what they need."""
    done = subprocess.run(
        ["apt-get", "install", "--simulate", "-qq", "--no-install-recommends", *packages],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def policy(process: int) -> str:
    """Return a ``policy-rc.d`` that forbids starts while a process lives.

    After a kill the file is left behind, and forbids nothing.
    """
    return f"#!/bin/sh\n{_MARK}\nkill -0 {process} 2>/dev/null && exit 101\nexit 0\n"


@contextlib.contextmanager
def no_daemon_starts() -> Iterator[None]:
    """Keep packages that are installed in this context from starting a daemon.

    A ``policy-rc.d`` that is there is the administrator's, and stays.  What
    the packages enabled for the next boot is disabled afterwards; services
    that were there before stay as they were.
    """
    ours = not POLICY.exists() or _MARK in POLICY.read_text(errors="replace")
    before = _services()
    if ours:
        POLICY.write_text(policy(os.getpid()))
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        for name in sorted(_services() - before):
            _disable(name)
        if ours:
            POLICY.unlink(missing_ok=True)


def _services() -> set[str]:
    with contextlib.suppress(OSError):
        return {path.name for path in INIT_SCRIPTS.iterdir()}
    return set()


def _disable(name: str) -> None:
    # It knows systemd's units, too.
    if shutil.which("update-rc.d"):
        subprocess.run(
            ["update-rc.d", name, "disable"],
            env={**os.environ, **OFFLINE},
            capture_output=True,
            check=False,
        )
