"""Errors a user can act on: one line, the next step, an exit code."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

# The last lines of each --help.
EXIT_CODES = """\
Exit codes: 0 done; 1 failed, or a wrong answer; 2 wrong usage; 69 cannot run here;
73 a result cannot be written; 130 stopped (docs/reference/workloads.md)."""
# Of a write to standard output.
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO)


class WorkloadError(Exception):
    """A failure with a known cause: a line that says it and, as `hint`, what to do next."""

    exit_code = 1
    agreed = False  # whether every rank raises it, so that none has to end the others

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        line = f"{message}; {self.hint}" if self.hint else message
        # A file's name may have a line break.
        return line.replace("\n", "\\n")


class UsageError(WorkloadError):
    """The request itself is wrong: an unknown name, a value out of range."""

    exit_code = 2
    agreed = True


class UnavailableError(WorkloadError):
    """A technique cannot run here (``EX_UNAVAILABLE`` of sysexits.h)."""

    exit_code = 69
    agreed = True


class OutputError(WorkloadError):
    """A result could not be written: no room, no permission (``EX_CANTCREAT``)."""

    exit_code = 73


class WorkerError(WorkloadError):
    """A worker has failed or was killed; its work is lost."""


def drop_output() -> None:
    """Redirect standard output to ``/dev/null``: at its end Python writes what is left there."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def lost_output(error: OSError, complain: Callable[[str], None]) -> int:
    """Say why a write to standard output has failed; return the exit code.

    That is 141, without a message, where the reader (`head`, `less`) has left; otherwise 73.
    An error that names a file, or is not of an output, is raised again.
    """
    if error.filename is not None or error.errno not in _OF_OUTPUT:
        raise error
    # Otherwise Python would complain once more.
    drop_output()
    if error.errno == errno.EPIPE:
        return 128 + signal.SIGPIPE
    reason = (error.strerror or str(error)).lower()
    complain(f"standard output: {reason}; the output is incomplete")
    return OutputError.exit_code
