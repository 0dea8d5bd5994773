"""``python3 -m hpcpy COMMAND``: what ``./hpcpy`` and the Makefile call."""

from __future__ import annotations

import errno
import os
import signal
import sys

from hpcpy import from_make
from hpcpy.commands import COMMANDS, run, top_parser
from hpcpy.errors import DiskError, HpcpyError, UsageError
from workloads.harness.streams import spell_in_ascii

# What is wrong with a name that was given, wherever it is first looked at.
_OF_A_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES)


def main(words: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    words
        The command's name and its arguments; before them ``--from-make`` where
        the Makefile calls.

    Returns
    -------
    int
        The exit code (docs/make.md): 0, or the error's (`hpcpy.errors`), or 130 for Ctrl-C.
    """
    # The path that found this package is none for what it starts: an image
    # would take its own `workloads` from there.
    os.environ.pop("PYTHONPATH", None)
    # SIGTERM as an exception: temporary files go and child processes end,
    # as at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    is_from_make = words[:1] == ["--from-make"]
    words = words[is_from_make:]
    name = f"hpcpy {words[0]}" if words and words[0] in COMMANDS else "hpcpy"
    try:
        if is_from_make:
            words = from_make.with_settings(words, os.environ)
        if words:
            return run(words)
        top_parser().print_help()
        return 2  # noqa: TRY300
    except HpcpyError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if error.errno not in _OF_A_NAME or not error.filename:
            raise
        print(f"{name}: {error.filename}: {str(error.strerror).lower()}", file=sys.stderr)
        return UsageError.exit_code
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def entry() -> int:
    """Run the command that this process was started with."""
    _open_streams()
    spell_in_ascii()
    try:
        try:
            code = main(sys.argv[1:])
        finally:  # --help ends by SystemExit
            sys.stdout.flush()
        # What was to be done is done: while Python ends, Ctrl-C would kill it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = 130
    except OSError as error:
        code = _lost_output(error)
    # CPython before 3.14 ends by SIGINT when a Ctrl-C came within the exec of a
    # string, as dataclass has one, also where it was caught; the next exec forgets it.
    exec("")  # noqa: S102
    return code


def _open_streams() -> None:
    # Else the next file that is opened would get what others print. In this order:
    # a file takes the lowest number that is free.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def _lost_output(error: OSError) -> int:
    """Say why standard output takes nothing more; another error is raised again."""
    is_of_a_file = error.filename is not None
    if is_of_a_file or error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO):
        raise error
    # Python writes what is left once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if error.errno == errno.EPIPE:  # the reader, `head` or `less`, has left
        return 128 + signal.SIGPIPE
    print(f"hpcpy: standard output cannot be written ({error.strerror})", file=sys.stderr)
    return DiskError.exit_code


if __name__ == "__main__":
    sys.exit(entry())
