"""How a launch ends: signals passed on once, and one line that says who and why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.launch import step

SOURCES = Path(__file__).resolve().parents[2] / "src"
RUN = """
import os, sys
from hpcpy.launch import step
step.GRACE = float(sys.argv[2])
ended = step.run(sys.argv[1], os.environ)
print(ended.code, ended.stopped_by, repr(ended.stderr))
"""


def start(script: str, grace: str = "60") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, script, grace],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_code_and_stderr_of_a_script() -> None:
    process = start("echo out; echo err >&2; exit 7")
    out, err = process.communicate(timeout=60)
    assert out == "out\n7 None 'err\\n'\n"
    assert err == "err\n"


def test_only_the_end_of_a_long_stderr_is_kept() -> None:
    process = start("yes 0123456789 | head -n 20000 >&2; echo last >&2")
    out, err = process.communicate(timeout=60)
    assert err.count("\n") == 20001
    assert len(out) < 100_000
    assert "last" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_is_passed_on_once_as_sigterm(number: signal.Signals) -> None:
    script = (
        "trap 'echo got TERM; sleep 0.3; exit 9' TERM; trap 'echo got INT' INT;"
        "echo ready >&2; while :; do sleep 0.05; done"
    )
    process = start(script)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(number)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert out.splitlines()[0] == "got TERM"
    assert out.count("got") == 1
    assert out.splitlines()[1].startswith(f"9 {int(number)} ")


def test_what_does_not_end_is_insisted_on() -> None:
    script = "trap '' TERM; trap 'exit 5' INT; echo ready >&2; while :; do sleep 0.05; done"
    process = start(script, grace="0.2")
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert out.startswith("5 ")


@pytest.mark.parametrize(
    ("stderr", "line"),
    [
        (
            "ValueError: no\nsrun: error: n2: task 3: Exited with exit code 1\n"
            "slurmstepd: error: *** STEP 4.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"
            "srun: error: n1: tasks 0-1: Terminated\n",
            "rank 3 on n2: Exited with exit code 1; last on stderr: ValueError: no",
        ),
        (
            "srun: error: n1: tasks 0-1: Terminated\nsrun: error: n2: task 3: Killed\n",
            "rank 3 on n2: Killed",
        ),
        (
            "Abort(9) on node 2 (rank 2 in comm 0): x\nlater\n"
            "srun: error: n2: task 2: Exited with exit code 9\n",
            "rank 2 on n2: Exited with exit code 9; "
            "last on stderr: Abort(9) on node 2 (rank 2 in comm 0): x",
        ),
        (
            "srun: error: n1: tasks [0,2-3]: Segmentation fault\n",
            "ranks 0,2-3 on n1: Segmentation fault",
        ),
        (
            "slurmstepd: error: execve(): podman-hpc: No such file or directory\n"
            "srun: error: n1: task 0: Exited with exit code 2\n",
            "a node has no program podman-hpc",
        ),
        (
            "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***\n"
            "srun: error: n1: task 0: Terminated\n",
            "the job's time is over; ask for more: TIME=HH:MM:SS",
        ),
        (
            "srun: error: Unable to allocate resources: Invalid qos specification\n",
            "Slurm gives no job: Invalid qos specification",
        ),
        (
            "srun: fatal: Could not establish a configuration source\n",
            "no Slurm controller answers; `make cluster` starts one on this machine",
        ),
        ("srun: error: something new\n", "something new"),
        ("a program's last words\n", "a program's last words"),
        ("", "exit code 3"),
    ],
)
def test_the_end_is_explained_in_one_line(stderr: str, line: str) -> None:
    assert step.explained(stderr, 3) == line
