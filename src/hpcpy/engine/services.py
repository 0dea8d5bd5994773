"""Install packages of daemons so that no daemon starts, now or at boot."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
INIT_SCRIPTS = Path("/etc/init.d")
# For apt: systemctl then makes and removes links, and asks the running systemd
# for nothing.  What maintainer scripts "start" stays off.
ENVIRONMENT = {"SYSTEMD_OFFLINE": "1"}
_MARK = "# hpcpy: for the time of one installation"


def policy(process: int) -> str:
    """Return a ``policy-rc.d`` that forbids starts while a process lives.

    After a kill the file is left behind, and forbids nothing.
    """
    return f"#!/bin/sh\n{_MARK}\nkill -0 {process} 2>/dev/null && exit 101\nexit 0\n"


@contextlib.contextmanager
def held_back() -> Iterator[None]:
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
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            check=False,
        )
