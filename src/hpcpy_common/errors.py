"""Errors a user can act on: one line, the next step, an exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

# The last lines of each --help.
EXIT_CODES = """\
Exit codes: 0 done; 1 failed, or a wrong answer; 2 wrong usage; 69 cannot run here;
73 a result cannot be written; 130 stopped."""
# The exit code where the reader of standard output has left.
UNREAD = 128 + signal.SIGPIPE
# A write to standard output fails by one of these.
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return "did you mean …?" when a known name is near, else a hint or all that there are."""
    from difflib import get_close_matches  # noqa: PLC0415  (5 ms, and only here)

    names = list(known)
    near = [each for each in names if each.lower() == name.lower()]
    near = near or get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else otherwise or f"there are: {', '.join(names)}"


class HpcpyError(Exception):
    """A failure with a known cause: a line that says it and, as `hint`, what to do next."""

    exit_code = 1
    agreed = False  # whether every rank raises it, so that none has to end the others
    reported = False  # whether a report has it
    follows = False  # whether another rank's failure, which comes later than this, is the cause

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        # Not when a rank tells it: until then it removes what others still look for.
        self.since = time.time()

    def __str__(self) -> str:
        message = super().__str__()
        line = f"{message}; {self.hint}" if self.hint else message
        # A file's name may have a line break.
        return line.replace("\n", "\\n")


class UsageError(HpcpyError):
    """The request itself is wrong: an unknown name, a value out of range."""

    exit_code = 2
    agreed = True


class UnavailableError(HpcpyError):
    """The machine cannot do it as it is (``EX_UNAVAILABLE`` of sysexits.h)."""

    exit_code = 69
    agreed = True


class IntegrityError(HpcpyError):
    """Bytes are not the pinned ones (``EX_DATAERR``)."""

    exit_code = 65


class DiskError(HpcpyError):
    """No room, or no permission to write (``EX_CANTCREAT``)."""

    exit_code = 73


class WorkerError(HpcpyError):
    """A worker has failed or was killed; its work is lost."""


def require_module(name: str, wanted_by: str = "", hint: str = "") -> None:
    """Refuse, before anything else is done, what needs a module that is not here."""
    if importlib.util.find_spec(name) is None:
        raise UnavailableError(f"{wanted_by}Python has no module {name!r} here", hint=hint)


def described(error: Exception) -> HpcpyError:
    """Return an error of unknown cause as one line: its kind, its text, and where it came up."""
    import traceback  # noqa: PLC0415

    if isinstance(error, HpcpyError):
        return error
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:300]
    where = f"{frame.filename}:{frame.lineno}"
    return HpcpyError(f"{type(error).__name__}{text and ': '}{text} ({where})")


class _Lossy(io.FileIO):
    """A file on a full disk, or one that nobody reads: what it does not take is lost."""

    def write(self, data: Any, /) -> int:
        """Write some bytes, or none; either is a success."""
        with contextlib.suppress(OSError):
            # None of one that would block.
            return super().write(data) or len(data)
        return len(data)


def lossy_stderr() -> TextIO:
    """Return standard error as a stream that never fails, nor changes the exit code."""
    if sys.__stderr__ is None:  # closed at the start
        return io.StringIO()
    stream = io.BufferedWriter(_Lossy(2, "w", closefd=False))
    encoding = sys.__stderr__.encoding
    return io.TextIOWrapper(stream, encoding, "backslashreplace", line_buffering=True)


def open_streams() -> None:
    """Have standard streams that take what they get: a remark stops no work.

    ``/dev/null`` takes the place of one that is closed: the next file that is opened would take
    its number, and get what is printed. What is printed to a closed output fails, as it is lost.
    What cannot be encoded is shown as an escape.
    """
    # In this order: a file takes the lowest number that is free.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            file = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            stream = open(file, mode)  # noqa: PTH123, SIM115
            # What is started has it, too: srun waits a minute for one that is closed.
            os.set_inheritable(file, True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    sys.stderr = lossy_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


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
        return UNREAD
    is_closed = error.errno == errno.EBADF
    reason = "it is closed" if is_closed else (error.strerror or str(error)).lower()
    complain(f"standard output: {reason}; the output is incomplete")
    return DiskError.exit_code
