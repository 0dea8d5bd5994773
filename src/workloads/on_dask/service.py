"""The processes of a job's Dask cluster, and how long each of them lives."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from workloads.errors import UnavailableError, WorkerError
from workloads.harness import caches
from workloads.harness.interrupts import held_back
from workloads.on_dask.server import START_SECONDS

Process = subprocess.Popen[bytes]

_LOOK_SECONDS = 0.02
# Of an end in order.
_END_SECONDS = 10
# Who a rank is: a process that is none must not take itself for one.
_OF_RANKS = ("PMI_", "PMI2_", "PMIX_", "OMPI_", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS")


def of_no_rank(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that make a process a rank."""
    return {name: value for name, value in environ.items() if not name.startswith(_OF_RANKS)}


def _environment() -> dict[str, str]:
    caches.provide("DASK_TEMPORARY_DIRECTORY", "dask")
    return {
        # Of each connection that comes and goes it would tell.
        "DASK_LOGGING__DISTRIBUTED": "error",
        # Twice a second each worker would look for every disk of its node.
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__DISK": "False",
        **of_no_rank(os.environ),
    }


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "workloads.on_dask.server", *words]


@contextlib.contextmanager
def _child(*words: str) -> Iterator[Process]:
    # A Ctrl-C would end it in Python's start, at length: it is started with SIGINT
    # blocked, and ignores it from its first line on.
    with held_back():
        process = subprocess.Popen(_command(*words), env=_environment())
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def scheduler(file: Path, host: str, workers: int) -> Iterator[Process]:
    """Give a scheduler that has written its file; its workers end with it.

    Parameters
    ----------
    file
        Where it writes its address.
    host
        What it listens on; empty leaves it to Dask, which asks for the way out
        of this node, and warns where there is none.
    workers
        How many it is to have: `wait_for_workers`.

    Raises
    ------
    UnavailableError
        When it does not come up.
    """
    words = (str(file), host, str(workers), str(_told(file)))
    with _child("scheduler", *words) as process:
        serving = {"scheduler": process}
        _wait(lambda: bool(address(file)), serving, "Dask's scheduler is not there")
        yield process


def _told(file: Path) -> Path:
    return file.with_name("workers-are-there")


def _wait(is_there: Callable[[], bool], serving: Mapping[str, Process], problem: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not is_there():
        for name, process in serving.items():
            if process.poll() is not None:
                raise UnavailableError(f"Dask's {name} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise UnavailableError(f"{problem} after {START_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


def address(file: Path) -> str:
    """Return the address in a scheduler's file; empty while there is none."""
    try:
        return str(json.loads(file.read_bytes())["address"])
    except (OSError, ValueError):  # not there yet, or not all of it
        return ""


def worker(of: str) -> contextlib.AbstractContextManager[Process]:
    """Give a worker of the scheduler at that address."""
    return _child("worker", of)


def become_worker(of: str) -> NoReturn:
    """Replace this process by a worker of the scheduler at that address."""
    sys.stdout.flush()
    with held_back():
        os.execve(sys.executable, _command("worker", of), _environment())  # noqa: S606


def wait_for_workers(file: Path, serving: Mapping[str, Process]) -> None:
    """Wait until the scheduler has all its workers.

    It says so itself: a client would import all of Dask here, on the core of the
    scheduler and of a worker that do so just then.

    Parameters
    ----------
    file
        The scheduler's.
    serving
        What is needed for it, by name.

    Raises
    ------
    UnavailableError
        When they are not in time.
    """
    _wait(_told(file).exists, serving, "Dask's workers are not there")


def run(words: list[str], file: Path, of: str, serving: Mapping[str, Process]) -> int:
    """Run the program, and return its exit code.

    Parameters
    ----------
    words
        ``-m MODULE`` or ``SCRIPT``, and arguments.
    file, of
        The scheduler's file and address.
    serving
        What the program needs to live, by name.

    Raises
    ------
    WorkerError
        When one of them has failed: the program might wait for it for ever.
    """
    found = {"DASK_SCHEDULER_FILE": str(file), "DASK_SCHEDULER_ADDRESS": of}
    program = subprocess.Popen([sys.executable, *words], env={**of_no_rank(os.environ), **found})
    stops = _pass_on_stops(program)
    while program.poll() is None:
        # Any child's end, which is left for its own object to read.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        for name, process in serving.items():
            # 0, or anything after a stop, which all of the job have had: told to end.
            if process.poll() and not stops:
                program.kill()
                program.wait()
                raise WorkerError(f"Dask's {name} has ended with {process.returncode}")
    code = program.returncode
    return code if code >= 0 else 128 - code


def _pass_on_stops(program: Process) -> list[int]:
    """Hand SIGINT and SIGTERM on to the program, if a second later it still runs.

    Of a launcher or a terminal it has them already, and a second one would
    keep it from tidying up.  Those that come are added to what is returned.
    """
    came: list[int] = []
    later: list[threading.Timer] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        for one in later:
            one.cancel()
        # No alarm: the kernel may hand it to a thread of MPI's, and this one waits on.
        later.append(threading.Timer(1, program.send_signal, [number]))
        later[-1].daemon = True
        later[-1].start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return came
