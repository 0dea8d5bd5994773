"""Standard output that cannot show a text, or takes no more of it."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Errors of a file name that a user has given, wherever it is first used.
OF_A_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES)
_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO)
_NOT_WRITTEN = 73


def open_streams() -> None:
    """Open ``/dev/null`` for each standard stream that is closed.

    Otherwise the next file that is opened would take its number, and get what is printed.
    """
    # In this order: a file takes the lowest number that is free.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def escape_unencodable() -> None:
    """Have standard output and error show what they cannot encode as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    return _NOT_WRITTEN
