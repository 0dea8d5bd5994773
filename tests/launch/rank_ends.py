"""What a rank can do to end, and what a launch then says and returns, whatever the engine."""

import re
from pathlib import Path

from running import Done

_PROGRAM = """
import os, signal, sys, threading

rank, act, number = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def fail(*_):
    raise ValueError("mine")

def kill(number):
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)

if act == "before" and os.environ["SLURM_PROCID"] == str(rank):
    fail()
from mpi4py import MPI
comm = MPI.COMM_WORLD
acts = {"exit": sys.exit, "_exit": os._exit, "Abort": comm.Abort, "kill": kill, "raise": fail}
comm.Barrier()
if comm.rank == rank and act == "thread":
    threading.Thread(target=fail).start()
elif comm.rank == rank:
    acts[act](number)
comm.Barrier()
if comm.rank == rank:
    comm.recv(source=MPI.ANY_SOURCE)
comm.Barrier()
"""
# What the rank does, and what the last line says of it.  Slurm tells a signal of what it has
# started, and an exit code of what an engine has.
ACTS = {
    "exit 256": "exit code 1; last on stderr: SystemExit: 256$",
    "Abort -1": r"exit code 255; last on stderr: Abort\(-1\) on node ",
    "kill 11": "exit code 139|Segmentation fault",
    "kill 15": "exit code 143|Terminated",
    "exit -1": "exit code 255; last on stderr: SystemExit: -1$",
    "exit 1": "exit code 1(;|$)",
    "exit 77": "exit code 77(;|$)",
    "_exit 3": "exit code 3(;|$)",
    **dict.fromkeys(
        ("before 0", "raise 0", "thread 0"), "exit code 1; last on stderr: ValueError: mine$"
    ),
    "Abort 256": r"exit code 1; last on stderr: Abort\((1|256)\) on node ",
    "Abort 1": r"exit code 1; last on stderr: Abort\(1\) on node ",
    "Abort 0": r"exit code 1; last on stderr: Abort\(0\) on node ",
    "kill 6": "exit code 134|Aborted",
    "kill 9": "exit code 137|Killed",
}
CUT = "a rank has called MPI_Abort, or the job was cancelled"


def word(folder: Path, rank: int, act: str) -> str:
    """Return the launch's word for the program in which a rank ends so."""
    (folder / "ends.py").write_text(_PROGRAM)
    return f"PROGRAM=ends.py {rank} {act}"


def check(done: Done, rank: int, act: str) -> None:
    # srun's code is the largest of all ranks, as a rule that of those that it has ended itself.
    assert done.returncode != 0, done.stderr
    last = done.stderr.splitlines()[-1]
    # It tells nobody: PMIx ends the step, or a neighbour's MPI fails, before srun has its code.
    if act.startswith("_exit") and last.endswith((CUT, "MPI error, error stack:")):
        return
    expected = rf"hpcpy launch: rank {rank}( on n[12])?: (Exited with )?({ACTS[act]})"
    assert re.match(expected, last), done.stderr
