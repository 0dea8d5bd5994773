"""``python -m hpcpy_job traced``: one file of all ranks' calls."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from hpcpy_job.traced import _write
from running import in_own_process, on_ranks, start_ranks, wait_until
from tiers import sampled

TRACED = ("-m", "hpcpy_job", "traced")
PROGRAM = """
import sys
from mpi4py import MPI
def mine(x):
    return x + 1
for i in range(int(sys.argv[1])):
    mine(i)
comm = MPI.COMM_WORLD
print(comm.gather(len(sys.argv)), flush=True) if comm.rank == 0 else comm.gather(0)
sys.exit(7 if comm.rank == 0 else 0)
"""


def events(trace: dict[str, Any], name: str) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for event in trace["traceEvents"]:
        if event["name"].startswith(name):
            found.setdefault(event["pid"], []).append(event)
    return found


@pytest.mark.parametrize("size", sampled([2, 4]))
def test_every_rank_has_a_row_and_all_its_calls(script: Path, size: int) -> None:
    file = script.with_name("m.json")
    done = on_ranks(size, *TRACED, file, script, 30)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"{[2] + [0] * (size - 1)}\n"
    trace = json.loads(file.read_text())
    node = os.uname().nodename
    names = {rank: each[0]["args"]["name"] for rank, each in events(trace, "process_name").items()}
    assert names == {rank: f"rank {rank} on {node}" for rank in range(size)}
    calls = events(trace, f"mine ({script}:4)")
    assert {rank: len(each) for rank, each in calls.items()} == dict.fromkeys(range(size), 30)
    assert trace["file_info"]["files"][str(script)][0] == PROGRAM
    assert not [*script.parent.glob(".m*")]


@pytest.mark.parametrize("end", ["sys.stdout = None", "sys.stdout.close()"])
def test_a_program_may_close_its_output(script: Path, end: str) -> None:
    script.write_text(f"import sys\n{end}\n")
    done = in_own_process(sys.executable, *TRACED, script.with_name("m.json"), script)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.with_name("m.json").exists()


def test_times_of_a_node_that_has_started_later_are_shifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    event = {"ph": "X", "name": "work", "ts": 5.0, "dur": 1.0, "tid": 1}
    parts = [
        (base, {"traceEvents": [{**event, "pid": rank}], "viztracer_metadata": {"overflow": False}})
        for rank, base in enumerate((7_000_000, 9_000_000))
    ]
    file = tmp_path / "m.json"
    _write(file, parts)
    times = events(json.loads(file.read_text()), "work")
    assert {rank: each[0]["ts"] for rank, each in times.items()} == {0: 5.0, 1: 2005.0}


def test_one_rank_that_fails_ends_all(script: Path) -> None:
    script.write_text(
        "from mpi4py import MPI\n"
        "if MPI.COMM_WORLD.rank:\n"
        "    raise ValueError('mine')\n"
        "MPI.COMM_WORLD.recv()\n"
    )
    done = on_ranks(2, *TRACED, script.with_name("m.json"), script)
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    assert lines[:2] == [
        "Traceback (most recent call last):",
        f'  File "{script}", line 3, in <module>',
    ]
    said = f"traced: rank 1 on {os.uname().nodename} has failed, others wait: no trace"
    assert said in lines
    assert [each.name for each in script.parent.iterdir()] == [script.name]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no file is named for the trace; --help tells the words"),
        (("m.json", "none.py"), "none.py: there is no such script"),
    ],
)
def test_what_cannot_be_run_is_said_once(words: tuple[str, ...], says: str) -> None:
    done = on_ranks(2, *TRACED, *words)
    assert (done.returncode, done.stdout) == (2, "")
    said = [line for line in done.stderr.splitlines() if line.startswith("traced:")]
    assert said == [f"traced: {says}"]


def test_a_trace_that_cannot_be_written_is_code_73(script: Path) -> None:
    script.write_text("import pathlib, sys\npathlib.Path(sys.argv[1]).rmdir()\n")
    folder = script.with_name("gone")
    folder.mkdir()
    done = in_own_process(sys.executable, *TRACED, folder / "m.json", script, folder)
    assert done.returncode == 73
    assert done.stderr == f"traced: {folder / 'm.json'}: No such file or directory\n"


@pytest.mark.parametrize("number", sampled([signal.SIGINT, signal.SIGTERM]))
def test_a_stop_leaves_no_file(script: Path, number: signal.Signals) -> None:
    begun = [script.with_name(f"begun{rank}") for rank in range(2)]
    script.write_text(
        "import pathlib, os, sys, time\n"
        "pathlib.Path(sys.argv[1] + os.environ['PMI_RANK']).touch()\ntime.sleep(600)\n"
    )
    # Its own code after a Ctrl-C is the launcher's affair.
    job = start_ranks(2, *TRACED, script.with_name("m.json"), script, script.with_name("begun"))
    try:
        # Both: viztracer crashes when its import is interrupted.
        wait_until(lambda: all(map(Path.exists, begun)), job)
        job.send_signal(number)
        job.communicate(timeout=300)
    finally:
        job.kill()
    names = {each.name for each in script.parent.iterdir()}
    assert names == {script.name, *(each.name for each in begun)}


LOST = """
import os, signal, sys, time
if os.environ["PMI_RANK"] == "0":
    signal.signal(signal.SIGINT, lambda *_: None)
open(sys.argv[1] + os.environ["PMI_RANK"], "w").close()
while True:
    time.sleep(60)
"""


def test_a_rank_that_has_lost_its_ctrl_c_is_not_waited_for(script: Path) -> None:
    script.write_text(LOST)
    begun = [script.with_name(f"begun{rank}") for rank in range(2)]
    job = start_ranks(2, *TRACED, script.with_name("m.json"), script, script.with_name("begun"))
    try:
        wait_until(lambda: all(map(Path.exists, begun)), job)
        job.send_signal(signal.SIGINT)
        job.communicate(timeout=100)
    finally:
        job.kill()
    assert job.returncode != 0
