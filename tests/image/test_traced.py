"""``python -m workloads.traced``: one file of all ranks' calls."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from running import in_own_process, on_ranks, start_ranks, wait_until
from tiers import sampled

TRACED = ("-m", "workloads.traced")
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


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    return path


def events(trace: dict[str, Any], name: str) -> dict[int, list[dict[str, Any]]]:
    """Return the events of a name by rank."""
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
    of_mpi = events(trace, "Comm.gather")
    assert {rank: len(each) for rank, each in of_mpi.items()} == dict.fromkeys(range(size), 1)
    rows = {rank: each[0]["tid"] for rank, each in events(trace, "thread_name").items()}
    assert {rank: each[0]["tid"] for rank, each in of_mpi.items()} == rows
    assert trace["file_info"]["files"][str(script)][0] == PROGRAM
    assert not [*script.parent.glob(".m*")]


@pytest.mark.long
def test_a_message_ends_after_it_begins_on_one_clock(script: Path) -> None:
    # One node: a rank that waits for a message goes on after it was sent.
    script.write_text(
        "import time\n"
        "from mpi4py import MPI\n"
        "def sends():\n"
        "    time.sleep(0.05)\n"
        "    MPI.COMM_WORLD.send(0, 1)\n"
        "def gets():\n"
        "    MPI.COMM_WORLD.recv()\n"
        "gets() if MPI.COMM_WORLD.rank else sends()\n"
    )
    file = script.with_name("m.json")
    assert on_ranks(2, *TRACED, file, script).stderr == ""
    trace = json.loads(file.read_text())
    (sent,), (got,) = events(trace, "sends")[0], events(trace, "gets")[1]
    assert got["ts"] + got["dur"] > sent["ts"] + 40_000


def test_calls_of_mpi_are_there_also_if_they_fail_and_of_each_thread(script: Path) -> None:
    script.write_text(
        "import threading\n"
        "from mpi4py import MPI\n"
        "def asks(dest):\n"
        "    try:\n"
        "        MPI.COMM_WORLD.send(0, dest)\n"
        "    except MPI.Exception:\n"
        "        pass\n"
        "asks(99)\n"
        "one = threading.Thread(target=asks, args=(77,))\n"
        "one.start()\n"
        "one.join()\n"
        "MPI.COMM_WORLD.barrier()\n"
    )
    file = script.with_name("m.json")
    done = in_own_process(sys.executable, *TRACED, file, script)
    assert (done.returncode, done.stderr) == (0, "")
    trace = json.loads(file.read_text())
    of_mpi = [event for event in trace["traceEvents"] if event.get("cat") == "mpi"]
    assert [event["name"] for event in of_mpi] == ["Comm.send", "Comm.send", "Comm.barrier"]
    rows = [event["args"]["name"] for event in events(trace, "thread_name")[0]]
    assert rows.count("MPI") == len({event["tid"] for event in of_mpi}) == 2


def test_what_a_rank_keeps_is_bounded(script: Path) -> None:
    small = script.with_name("small.py")
    small.write_text(
        "import sys\n"
        "from workloads.traced import __main__, rank\n"
        "rank.CALLS = 1000\n"
        "sys.exit(__main__.main(sys.argv[1:]))\n"
    )
    file = script.with_name("m.json.gz")
    done = on_ranks(2, small, file, script, 5000)
    assert done.returncode == 7
    said = "traced: 2 of 2 ranks made more calls than are kept: their last 500 are in m.json.gz\n"
    assert done.stderr == said
    trace = json.loads(gzip.decompress(file.read_bytes()))
    kept = [event for event in trace["traceEvents"] if event["ph"] != "M"]
    assert len(kept) == 1000


def test_a_process_alone_has_one_row_and_no_mpi(script: Path) -> None:
    script.write_text("import sys\ndef f(): pass\nf()\nprint(*sys.argv, 'mpi4py' in sys.modules)\n")
    file = script.with_name("m.html")
    done = in_own_process(sys.executable, *TRACED, file, script, "-a")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{script} -a False\n", "")
    page = file.read_text()
    assert page.lstrip().startswith("<")
    assert f'"name":"f ({script}:2)"' in page


@pytest.mark.parametrize(
    ("ends", "code", "last"),
    [
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("sys.exit('mine')", 1, "mine"),
        ("sys.exit(3)", 3, ""),
        ("MPI.Finalize()", 0, ""),
    ],
)
def test_all_ranks_end_and_their_trace_is_there(
    script: Path, ends: str, code: int, last: str
) -> None:
    script.write_text(f"import sys\nfrom mpi4py import MPI\n{ends}\n")
    file = script.with_name("m.json")
    done = on_ranks(2, *TRACED, file, script)
    assert done.returncode == code
    said = done.stderr.splitlines()
    assert [line for line in said if line == last] == [last] * (2 if last else 0)
    assert "traced" not in done.stderr
    assert len(events(json.loads(file.read_text()), "process_name")) == 2


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


def test_so_does_one_that_exits(script: Path) -> None:
    script.write_text(
        "from mpi4py import MPI\n"
        "if MPI.COMM_WORLD.rank:\n"
        "    raise SystemExit(3)\n"
        "MPI.COMM_WORLD.recv()\n"
    )
    done = on_ranks(2, *TRACED, script.with_name("m.json"), script)
    assert done.returncode != 0
    assert "traced: rank 1 on " in done.stderr


def test_the_traceback_is_the_programs(script: Path) -> None:
    script.write_text("def f():\n    raise ValueError('mine')\nf()\n")
    plain = in_own_process(sys.executable, script)
    done = in_own_process(sys.executable, *TRACED, script.with_name("m.json"), script)
    assert (done.returncode, done.stderr) == (1, plain.stderr)


def test_a_forked_child_ends_as_ever(script: Path) -> None:
    script.write_text(
        "import os, sys\n"
        "if not os.fork():\n"
        "    sys.exit(5)\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    file = script.with_name("m.json")
    done = in_own_process(sys.executable, "-W", "ignore", *TRACED, file, script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")
    assert len(events(json.loads(file.read_text()), "process_name")) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no file is named for the trace; --help tells the words"),
        (("m.txt", "mine.py"), "m.txt: ends in none of .json, .json.gz, .html"),
        (("m.json",), "no program is named; give a SCRIPT, or -m MODULE"),
        (("m.json", "none.py"), "none.py: there is no such script"),
        (("/none/m.json", "-m", "this"), "the trace /none/m.json: there is no folder /none"),
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
    begun = script.with_name("begun")
    script.write_text(
        "import pathlib, sys, time\npathlib.Path(sys.argv[1]).touch()\ntime.sleep(600)\n"
    )
    # Its own code after a Ctrl-C is the launcher's affair.
    job = start_ranks(2, *TRACED, script.with_name("m.json"), script, begun)
    try:
        wait_until(begun.exists, job)
        job.send_signal(number)
        job.communicate(timeout=300)
    finally:
        job.kill()
    assert {each.name for each in script.parent.iterdir()} == {script.name, begun.name}


CLOCKS = """
import sys, time
from mpi4py import MPI
from workloads.traced import clocks
comm = MPI.COMM_WORLD
# As if each rank were a node, whose clock is a thousand seconds ahead of the last one's.
class Apart(MPI.Intracomm):
    def Split_type(self, kind, key):
        return self.Split(self.rank)
read = clocks.read(Apart(comm), lambda: time.monotonic() + 1000 * comm.rank)
assert abs(read.behind + 1000 * comm.rank) <= read.within + 1e-6, read
assert (read.within > 0) == (comm.rank > 0)
"""


@pytest.mark.parametrize("size", sampled([3, 2]))
def test_clocks_of_nodes_are_told_apart(tmp_path: Path, size: int) -> None:
    script = tmp_path / "clocks.py"
    script.write_text(CLOCKS)
    done = on_ranks(size, script)
    assert (done.returncode, done.stderr) == (0, "")
