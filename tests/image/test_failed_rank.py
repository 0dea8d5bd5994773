"""A rank that fails ends all ranks, and says which and why; signals are the program's own."""

import signal
import sys
from pathlib import Path

import pytest

from running import Done, on_ranks, printed, run
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
    elif how == "caught":
        try:
            fail()
        except ValueError:
            pass
    elif how == "text":
        sys.exit("mine")
    elif how.startswith("exit"):
        sys.exit(int(how[4:]))
comm.Barrier()
if how == "caught":
    sys.exit(0)
if comm.rank == 1:
    wait()
comm.Barrier()
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
    printed(on_ranks(3, *WAYS[way], script, "caught"))


BY_HAND = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; "
STARTS = {
    "import": "from mpi4py import MPI",
    "Init": BY_HAND + "MPI.Init()",
    "Init_thread": BY_HAND + "MPI.Init_thread()",
    "Session": BY_HAND + "session = MPI.Session.Init()",
}
SEND = "import os, signal, sys; os.kill(os.getpid(), int(sys.argv[1])); print('went on')"
HANDLER = "import signal, sys; signal.signal(int(sys.argv[1]), lambda n, _: print('handler', n))"


def python(*lines: str, number: int, launcher: tuple[str, ...] = ()) -> Done:
    return run(*launcher, sys.executable, "-c", "\n".join(lines), str(int(number)))


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("start", STARTS)
def test_the_first_signal_ends_the_program(start: str, number: signal.Signals) -> None:
    done = python(STARTS[start], SEND, number=number)
    assert (done.returncode, done.stdout) == (-number, "")
    last = done.stderr.splitlines()[-1:]
    assert last == (["KeyboardInterrupt"] if number == signal.SIGINT else [])


@pytest.mark.parametrize("number", sampled([signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]))
def test_a_handler_from_before_it_is_called_each_time(number: signal.Signals) -> None:
    done = python(HANDLER, STARTS["import"], SEND, SEND, number=number)
    said = f"handler {int(number)}\nwent on\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said * 2, "")


def test_a_signal_that_was_ignored_still_is() -> None:
    # As nohup starts a program.
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    assert printed(python(ignore, STARTS["import"], SEND, number=signal.SIGHUP)) == "went on\n"


@pytest.mark.parametrize("number", sampled([signal.SIGTERM, signal.SIGINT]))
def test_ranks_that_are_ended_leave_no_shared_memory(number: signal.Signals) -> None:
    # All at once, each with memory that it shares; they say which files these are.
    work = (
        "import numpy; comm = MPI.COMM_WORLD",
        "window = MPI.Win.Allocate_shared(1 << 20, comm=comm)",
        "comm.Allreduce(numpy.ones(100_000), numpy.empty(100_000))",
        "maps = [line.split(maxsplit=5)[-1] for line in open('/proc/self/maps')]",
        "for file in maps: '/dev/shm/' in file and print('file:' + file, end='', flush=True)",
        "comm.Barrier()",
    )
    done = python(STARTS["import"], *work, SEND, number=number, launcher=("mpiexec", "-n", "2"))
    assert done.returncode != 0
    assert "went on" not in done.stdout
    files = {line.removeprefix("file:") for line in done.stdout.splitlines() if "file:" in line}
    assert files
    assert not [file for file in files if Path(file.removesuffix(" (deleted)")).exists()]


def test_a_rank_keeps_its_exit_code_when_a_child_outlives_it() -> None:
    # The child has the rank's pipe to mpiexec, which closes when the rank has been waited for.
    child = "import os, time; os.fork() or (time.sleep(2), os._exit(0)); os._exit(3)"
    done = python(STARTS["import"], child, number=0, launcher=("mpiexec", "-n", "1"))
    assert (done.returncode, done.stdout) == (3, ""), done


def test_below_mpiexec_the_library_keeps_what_it_is_told_by() -> None:
    # With -disable-auto-cleanup mpiexec sends it to all ranks when one has died.
    launcher = ("mpiexec", "-n", "2")
    done = python(STARTS["import"], SEND, number=signal.SIGUSR1, launcher=launcher)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n" * 2, "")
