"""Real processes for tests: the tool in one of its own, a read-only folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy import paths

SECONDS = 300


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a process that imports this checkout's hpcpy, without HPCPY_*."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HPCPY_")}
    return {**inherited, "PYTHONPATH": str(paths.ROOT / "src"), **more}


def python(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with these words, and wait for its end."""
    return subprocess.run(
        [sys.executable, *words],
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def start(code: str, *arguments: str | Path, **more: str) -> subprocess.Popen[str]:
    """Start Python code, in a process group of its own as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, for at most `SECONDS`, until another process has made a condition true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def read_only(folder: Path) -> list[str]:
    """Return words to put before a command: it starts in `folder`, read-only even for root."""
    become = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
    prefix = ["unshare", *become, "--mount", "sh", "-c", mount, str(folder)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mounts of one's own here: {tried.stderr.strip()}")
    return prefix
