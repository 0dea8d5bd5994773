"""The processes of a cluster of ranks, and how long each of them lives."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from workloads.errors import UnavailableError, WorkerError
from workloads.parallel import launchers, signals

Process = subprocess.Popen[bytes]

# A cold file system may need half a minute for a cluster's files.
START_SECONDS = 120
_LOOK_SECONDS = 0.02
# How long a process may take to tidy up after SIGTERM.
_END_SECONDS = 10


@contextlib.contextmanager
def child(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Give a process that ends with the block.

    Parameters
    ----------
    command, environment
        Its words and its variables.
    """
    # A Ctrl-C during its start would end it with a traceback: it is started with
    # SIGINT blocked, and ignores it from its first line on.
    with signals.sigint_blocked():
        process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(is_there: Callable[[], bool], serving: Mapping[str, Process], problem: str) -> None:
    """Wait until something is there, while the processes that make it live.

    Parameters
    ----------
    is_there
        Whether it is there; called again and again.
    serving
        The processes, by name.
    problem
        What to say when it does not come.

    Raises
    ------
    UnavailableError
        When it is not there in time, or a process has ended.
    """
    end = time.monotonic() + START_SECONDS
    while not is_there():
        for name, process in serving.items():
            if process.poll() is not None:
                raise UnavailableError(f"{name} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise UnavailableError(f"{problem} after {START_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


def run(words: list[str], found: Mapping[str, str], serving: Mapping[str, Process]) -> int:
    """Run the program, and return its exit code.

    Parameters
    ----------
    words
        ``-m MODULE`` or ``SCRIPT``, and arguments.
    found
        The variables by which it finds the cluster.
    serving
        The processes that the program needs, by name.

    Returns
    -------
    int
        128 and the signal's number where a signal has ended the program.

    Raises
    ------
    WorkerError
        When one of them has failed: the program might wait for it for ever.
    """
    environment = {**launchers.of_no_rank(os.environ), **found}
    program = subprocess.Popen([sys.executable, *words], env=environment)
    stops = _pass_on_stops(program)
    known = {program.pid, *(process.pid for process in serving.values())}
    while program.poll() is None:
        # Wait for any child; its status is left for its own Popen to read.
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended is not None and ended.si_pid not in known:
            # The first process of a container gets orphans: nobody else reads their status.
            os.waitpid(ended.si_pid, 0)
        for name, process in serving.items():
            # 0 is an ordinary end; so is any code after a stop, which all of the job get.
            if process.poll() and not stops:
                program.kill()
                program.wait()
                raise WorkerError(f"{name} has ended with {process.returncode}")
    code = program.returncode
    return code if code >= 0 else 128 - code


def _pass_on_stops(program: Process) -> list[int]:
    """Pass SIGINT and SIGTERM on to the program, if it still runs a second later.

    A launcher or a terminal has sent them to it already, and a second one would
    keep it from tidying up.  Return the list to which those that come are added.
    """
    came: list[int] = []
    later: list[threading.Timer] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        for one in later:
            one.cancel()
        # No alarm: the kernel may deliver it to one of MPI's threads, and this one waits on.
        later.append(threading.Timer(1, program.send_signal, [number]))
        later[-1].daemon = True
        later[-1].start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return came
