"""A rank is killed within each of the collective calls that each workload makes.

In `make test`: `tests/image/test_write_ends.py`, a rank that is killed while it writes.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from running import in_own_process, launcher

pytestmark = pytest.mark.long

RANKS = 3
# Not the first, which prints and writes for all: whoever waits for it is told least.
VICTIM = 1


def techniques(workload: str) -> Any:
    return importlib.import_module(f"workloads.{workload}.registry").TECHNIQUES


# So small that collective calls are most of it.
SMALL = {
    "mandel": "--size 60 40 --out {out}/picture.npy",
    "pi": "-n 30000 --json {out}/report.json",
    "linalg": "--task tasks -n 31 --count 9 --json {out}/report.json",
    "write": "-n 6 -s 20 --out {out}/arrays",
    "p2p": "--sizes 8 --json {out}/report.json",
}
ROWS = [
    f"{workload} --impl {name}"
    for workload in SMALL
    for name, technique in techniques(workload).items()
    if technique.parallel == "ranks" and "cupy" not in technique.needs
]
# Runs a workload on every rank; the one of that number is killed as it comes to the
# collective call of that number, or tells how many there are.  A call has an event
# before it begins, also of methods that are not Python's.
KILLED = """
import os, signal, sys
from workloads.__main__ import _entry

COLLECTIVE = {
    *("Barrier", "Ibarrier", "barrier", "bcast", "Bcast", "gather", "Gather", "Gatherv"),
    *("allgather", "Allgather", "scatter", "Scatter", "reduce", "Reduce", "Iallreduce"),
    *("allreduce", "Allreduce", "Scan", "Split", "Split_type", "Dup"),
}
OF_WINDOWS, OF_FILES = {"Allocate", "Create", "Free"}, {"Open", "Close"}
rank, at, told = int(sys.argv.pop(1)), int(sys.argv.pop(1)), sys.argv.pop(1)
seen = 0

def is_collective(what, first):
    name, of = getattr(what, "__name__", ""), getattr(what, "__self__", None)
    # Of a class method the class.
    of = of if isinstance(of, type) else type(first)
    if "mpi4py" in of.__module__:
        others = {"Win": OF_WINDOWS, "File": OF_FILES}.get(of.__name__, ())
        return name in COLLECTIVE or name in others
    # HDF5's calls of MPI are its own: h5py opens a file, writes what it is told to, closes.
    if name == "File":
        return what.__module__.startswith("h5py")
    return (of.__name__, name) in {("DatasetID", "write"), ("File", "close")}

def called(code, offset, what, first):
    global seen
    if is_collective(what, first):
        seen += 1
        with open(told, "w") as file:
            file.write(str(seen))
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

if int(os.environ["PMI_RANK"]) == rank:
    monitoring = sys.monitoring
    monitoring.use_tool_id(4, "faults")
    monitoring.register_callback(4, monitoring.events.CALL, called)
    monitoring.set_events(4, monitoring.events.CALL)
sys.exit(_entry())
"""


def run(row: str, at: int, folder: Path) -> tuple[int, str]:
    """Run it, and return its exit code and what it has said; one that hangs fails."""
    out = folder / "out"
    out.mkdir(parents=True)
    words = [*row.split(), *SMALL[row.split(maxsplit=1)[0]].format(out=out).split()]
    told = folder / "seen"
    done = in_own_process(*launcher(RANKS), sys.executable, "-c", KILLED, VICTIM, at, told, *words)
    return done.returncode, done.stderr


def whole(path: Path) -> bool:
    """Whether a file is what it should be, or has the name of one that is not done."""
    if any(part.startswith(".") for part in path.parts):
        return True
    if path.suffix == ".npy":
        return bool(np.load(path).size)
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return all(data.size for data in file.values())
    return path.read_text().endswith("}\n")


@pytest.mark.fault(
    "a rank is killed at each collective call of each workload",
    "mpiexec ends all ranks; outputs are whole or absent",
)
@pytest.mark.parametrize("row", ROWS)
def test_a_rank_that_is_killed_in_a_collective_call_ends_the_job(
    row: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    code, err = run(row, 0, tmp_path / "whole")
    assert (code, err) == (0, "")
    calls = int((tmp_path / "whole/seen").read_text())
    longest = 0.0
    for at in range(1, calls + 1):
        folder = tmp_path / str(at)
        begun = time.monotonic()
        code, err = run(row, at, folder)
        longest = max(longest, time.monotonic() - begun)
        assert code != 0, at
        assert "Traceback" not in err, at
        files = [path for path in (folder / "out").rglob("*") if path.is_file()]
        assert all(whole(path) for path in files), (at, files)
    record_property("calls", calls)
    record_property("longest job, s", round(longest, 2))
