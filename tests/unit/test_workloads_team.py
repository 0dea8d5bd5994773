"""Worker processes whose parent is stopped while they start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcpy import paths

# The second worker comes to the barrier when the file `go` is there.
PROGRAM = """\
import signal, sys, time
from pathlib import Path
from workloads.harness import queued
from workloads.harness.team import Team

FOLDER = Path(sys.argv[1])

def prepare():
    try:
        (FOLDER / "first").touch(exist_ok=False)
    except FileExistsError:
        (FOLDER / "second").touch()
        while not (FOLDER / "go").exists():
            time.sleep(0.01)

def pool(team):
    team.pool(prepare)

def queue(team):
    with queued.workers(team, print, prepare):
        pass

def heard(*_):
    (FOLDER / "heard").touch()
    raise KeyboardInterrupt

if __name__ == "__main__":
    signal.signal(signal.SIGINT, heard)
    try:
        with Team(2) as team:
            {"pool": pool, "queue": queue}[sys.argv[2]](team)
    except KeyboardInterrupt:
        print("stopped")
"""


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["pool", "queue"])
def test_a_stop_leaves_no_worker_waiting_for_its_parent(tmp_path: Path, kind: str) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, script, tmp_path, kind],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(tmp_path / "second", process)
        process.send_signal(signal.SIGINT)
        wait_for(tmp_path / "heard", process)
        (tmp_path / "go").touch()
        # By itself a barrier gives up after two minutes.
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
