"""Programs as tests run them: in another Python, or on several ranks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path


def said(program: str, *options: str, **variables: str) -> list[str]:
    """Return the words that a program prints; it must end well and warn of nothing."""
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def on_ranks(size: int | str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with some words on several ranks."""
    # The launcher of the interpreter's own installation goes first.
    beside = str(Path(sys.executable).parent)
    launcher = shutil.which("mpiexec", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    assert launcher, "there is no mpiexec"
    return subprocess.run(
        [launcher, "-n", str(size), sys.executable, *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
