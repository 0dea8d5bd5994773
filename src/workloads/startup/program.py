"""Run a program to its end and return what the kernel measured."""

from __future__ import annotations

import os
import resource  # noqa: F401  (os.wait4 loads it, which would be in the first account)
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from workloads.errors import UnavailableError, WorkloadError
from workloads.startup.environment import initial


@dataclass(frozen=True)
class Ended:
    """A process that has ended.

    Parameters
    ----------
    cpu
        Seconds of processor time.
    bytes_read, read_calls
        From files of any kind, by it and what it waited for; None where the
        kernel keeps no account.
    bytes_from_disk
        What the kernel had to fetch for it, mapped files included.
    page_faults
        Major ones, for which a file had to be read.
    said
        What it wrote to standard error.
    """

    cpu: float
    bytes_read: int | None
    read_calls: int | None
    bytes_from_disk: int | None
    page_faults: int
    said: str


class Running:
    """A program that has been started; its input and output are /dev/null.

    Parameters
    ----------
    argv
        The program's path and its arguments.

    Raises
    ------
    UnavailableError
        When the machine has no process left, or no memory for one.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = [*argv]
        self._said = _nameless_file()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._said, 2),
        ]
        self._ended = False
        variables = initial()
        self._before, self._look = _own_account()
        try:
            self._pid = os.posix_spawn(argv[0], self._argv, variables, file_actions=actions)
        except OSError as error:
            os.close(self._said)
            raise UnavailableError(f"no process can be started ({error.strerror})") from error

    def end(self) -> Ended:
        """Wait for its end.

        Raises
        ------
        WorkloadError
            When it ends with another code than 0.
        """
        _, status, usage = os.wait4(self._pid, 0)
        self._ended = True
        after, _ = _own_account()
        with open(self._said, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            file.seek(0)
            said = file.read()
        check(self._argv, os.waitstatus_to_exitcode(status), said)
        cpu = usage.ru_utime + usage.ru_stime
        if not after:
            return Ended(cpu, None, None, None, usage.ru_majflt, said)
        read, calls, disk = (now - then for now, then in zip(after, self._before, strict=True))
        # The second account includes the first look's own read.
        return Ended(cpu, read - self._look, calls - 1, disk, usage.ru_majflt, said)

    def stop(self) -> None:
        """Kill it, if it has not ended."""
        if not self._ended:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            os.close(self._said)


def _nameless_file() -> int:
    try:
        return os.memfd_create("stderr")
    except OSError:  # a container's policy may forbid it
        import tempfile  # noqa: PLC0415

        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _own_account() -> tuple[tuple[int, ...], int]:
    """Return bytes read, read calls, bytes from disk of this process; bytes of this look.

    The kernel adds a child's when the child is waited for; by then only root may read
    the child's own file.  What other threads of this process read meanwhile would be
    in it, too: there are none.
    """
    try:
        file = os.open("/proc/self/io", os.O_RDONLY)
    except OSError:
        return (), 0
    text = os.read(file, 4096)
    os.close(file)
    lines = (line.split(b": ") for line in text.splitlines())
    found = {key: int(value) for key, value in lines}
    return tuple(found[key] for key in (b"rchar", b"syscr", b"read_bytes")), len(text)


def run(argv: Sequence[str]) -> Ended:
    """Run a program to its end; kill it at a Ctrl-C."""
    running = Running(argv)
    try:
        return running.end()
    finally:
        running.stop()


def check(argv: Sequence[str], code: int, said: str) -> None:
    """Refuse to measure a program that has failed.

    Raises
    ------
    WorkloadError
        With the last line that the program wrote to standard error.
    """
    if code:
        last = (said.strip().splitlines() or ["it said nothing"])[-1]
        what = " ".join(argv[1:])
        raise WorkloadError(f"python {what}: ended with exit code {code}: {last}")
