"""A rank that fails ends all ranks, and says which it is and why."""

from pathlib import Path

import pytest

from running import on_ranks, printed
from tiers import sampled

# All ranks but one wait for it, in ways that never end.
PROGRAM = """
import sys, threading
how = sys.argv[1]
if how == "before":
    import os
    if os.environ["PMI_RANK"] == "1":
        raise ValueError("mine")
from mpi4py import MPI
comm = MPI.COMM_WORLD

def fail():
    raise ValueError("mine")

def wait():
    comm.recv(source=1, tag=1)

if comm.rank == 1:
    if how == "after":
        fail()
    elif how == "collective":
        comm.Allreduce(None, 5)
    elif how == "thread":
        threading.Thread(target=fail).start()
    elif how == "beside a thread":
        threading.Thread(target=wait).start()
        fail()
    elif how == "at the end":
        # As HDF5 closes a file: all ranks have to, and Python's lock is held.
        import atexit, ctypes
        atexit.register(ctypes.PyDLL(None).sleep, 600)
        fail()
    elif how == "text":
        sys.exit("mine")
    elif how.startswith("exit"):
        sys.exit(int(how[4:]))
comm.Barrier()
if comm.rank == 1:
    wait()
comm.Barrier()
"""
GOES_ON = """
import sys, threading
from mpi4py import MPI
comm = MPI.COMM_WORLD
try:
    if comm.rank == 1:
        raise ValueError("mine")
except ValueError:
    pass
comm.Barrier()
sys.exit(0)
"""
# Of an exit code the kernel keeps eight bits, and nothing of 256.
CODES = {"exit7": 7, "exit-1": 255, "exit256": 1}
WAYS = {"mpi4py": ["-m", "mpi4py"], "preflight": ["-m", "hpcpy_job", "preflight"]}


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


@pytest.mark.parametrize(
    ("how", "way"),
    [
        *((how, "preflight") for how in ("before", "after", "collective", "text")),
        *((how, "preflight") for how in CODES),
        ("after", "mpi4py"),
        ("exit256", "mpi4py"),
    ],
)
def test_all_end_with_its_reason(script: Path, how: str, way: str) -> None:
    done = on_ranks(3, *WAYS[way], script, how)
    assert done.returncode == CODES.get(how, 1), done.stderr
    reasons = {**dict.fromkeys(CODES, ""), "text": "mine", "collective": "Error: "}
    reason = reasons.get(how, "ValueError: mine\n")
    assert reason in done.stderr
    assert "rank 1" in done.stderr


@pytest.mark.parametrize("how", ["thread", "beside a thread", "at the end"])
def test_all_end_though_python_does_not(script: Path, how: str) -> None:
    done = on_ranks(3, *WAYS["preflight"], script, how)
    assert done.returncode != 0, done.stderr
    assert done.stderr.count("ValueError: mine\n") == 1
    assert "hpcpy: rank 1 on " in done.stderr


@pytest.mark.parametrize("way", sampled(WAYS))
def test_an_exception_that_is_caught_ends_nothing(script: Path, way: str) -> None:
    script.write_text(GOES_ON)
    printed(on_ranks(3, *WAYS[way], script))
