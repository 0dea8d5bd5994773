"""What `on_dask` and `on_spark` share: processes beside the first rank, and the program."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hpcpy_common import signals
from hpcpy_common.errors import UnavailableError, WorkerError
from hpcpy_common.programs import START_SECONDS, running

Process = subprocess.Popen[bytes]

# Variables, or how they begin, by which a process finds the other ranks.
_OF_RANKS = (
    *("PMI_", "PMI2_", "PMIX_", "OMPI_", "PRTE_", "HYDI_", "PALS_"),
    *("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
_LOOK_SECONDS = 0.02
_END_SECONDS = 10  # for a process to tidy up after SIGTERM
# Before a signal is passed on: a second one would keep a program that has it from tidying up.
_PASS_ON_SECONDS = 1


def host(comm: Any) -> str:
    """Return the address to listen on: 127.0.0.1 if all ranks are on one node, else empty."""
    from mpi4py import MPI  # noqa: PLC0415

    node = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    is_one_node = node.size == comm.size
    node.Free()
    return "127.0.0.1" if is_one_node else ""


def environment_of_no_rank() -> dict[str, str]:
    """Return this process's variables without those that make a process a rank."""
    return {name: os.environ[name] for name in os.environ if not name.startswith(_OF_RANKS)}


def leave_mpi() -> None:
    """End MPI here: the processes that a rank starts, or becomes, must not be ranks."""
    from mpi4py import MPI  # noqa: PLC0415

    MPI.Finalize()


@contextlib.contextmanager
def child(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Give a process that ends with the block."""
    with contextlib.ExitStack() as stack:
        # A Ctrl-C during its start would end it with a traceback; later it ignores it.
        with signals.sigint_blocked():
            started = running(command, env=environment, own_session=False)
            process = stack.enter_context(started)
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)


def wait(what: str, is_there: Callable[[], bool], serving: Mapping[str, Process]) -> None:
    """Wait until something is there; UnavailableError if a process ends, or it takes too long."""
    end = time.monotonic() + START_SECONDS
    while not is_there():
        for name, process in serving.items():
            if process.poll() is not None:
                raise UnavailableError(f"{name} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise UnavailableError(f"{what} did not start within {START_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


def run(words: list[str], environment: Mapping[str, str], serving: Mapping[str, Process]) -> int:
    """Run a program in an environment that names its cluster, and return its exit code.

    WorkerError if a process of `serving` fails: the program might wait for it for ever.
    """
    stops: list[int] = []
    due = 0.0

    def stop(number: int, _: object) -> None:
        nonlocal due
        stops.append(number)
        due = time.monotonic() + _PASS_ON_SECONDS

    # The kernel would make 0 of sys.exit(256).
    command = [sys.executable, "-m", "hpcpy_job.program", *words]
    with running(command, env=environment, own_session=False) as started:
        signals.handle(stop)
        while started.poll() is None:
            for name, process in serving.items():
                # 0 is an ordinary end; so is any code after a stop, which all of the job get.
                if process.poll() and not stops:
                    raise WorkerError(f"{name} has ended with {process.returncode}")
            if due and time.monotonic() > due:
                started.send_signal(stops[-1])
                due = 0.0
            time.sleep(_LOOK_SECONDS)
    code = started.returncode
    return code if code >= 0 else 128 - code
