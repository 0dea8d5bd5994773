"""Processes of the host's tests: the tool in one of its own, a read-only folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import running
from hpcpy.core import paths
from running import Done, run

# Words before a command that root, too, runs as one who reads no closed file or folder.
AS_ANY_USER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")[: 2 * (not os.geteuid())]


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a process that imports this checkout's hpcpy, without HPCPY_*."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HPCPY_")}
    return {**inherited, "PYTHONPATH": str(paths.ROOT / "src"), **more}


def python(*words: object, **more: str) -> Done:
    """Run this Python with these words and this checkout's modules, and wait for its end."""
    return run(sys.executable, *words, env=environment(**more))


def start(code: str, *arguments: str | Path, **more: str) -> subprocess.Popen[str]:
    """Start Python code, in a process group of its own as a shell does."""
    words = (sys.executable, "-c", code, *arguments)
    return running.start(*words, env=environment(**more), process_group=0)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def read_only(folder: Path) -> list[str]:
    """Return words to put before a command: it starts in `folder`, read-only even for root."""
    return mounted(folder, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"')


def small_disk(folder: Path) -> list[str]:
    """Return words to put before a command: it starts in `folder`, a disk of 1 MiB."""
    return mounted(folder, 'mount -t tmpfs -o size=1m small "$0"')


def mounted(folder: Path, mount: str) -> list[str]:
    """Return words to put before a command: it starts in `folder` after a command that mounts."""
    become = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = f'{mount} && cd "$0" && exec "$@"'
    prefix = ["unshare", *become, "--mount", "sh", "-c", script, str(folder)]
    tried = run(*prefix, "true")
    if tried.returncode:
        pytest.skip(f"no mounts of one's own here: {tried.stderr.strip()}")
    return prefix
