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
        The exit code: 0, or the error's (`hpcpy.errors`), or 130 for Ctrl-C.
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


def _run() -> int:
    """Run the command, also where standard output does not take what it prints."""
    try:
        try:
            code = main(sys.argv[1:])
        except SystemExit as end:
            # --help and --version; or SIGTERM.
            if end.code:
                raise
            code = 0
        print(end="", flush=True)
        return code  # noqa: TRY300
    except BrokenPipeError:
        # Its reader, head or less, has left.
        code = 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        print("hpcpy: no space left on the device", file=sys.stderr)
        code = DiskError.exit_code
    # Python tries once more at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def entry() -> int:
    """Run the command that this process was started with."""
    spell_in_ascii()
    try:
        code = _run()
        # What was to be done is done: while Python ends, Ctrl-C would kill it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = 130
    # CPython before 3.14 ends by SIGINT when a Ctrl-C came within the exec of a
    # string, as dataclass has one, also where it was caught; the next exec forgets it.
    exec("")  # noqa: S102
    return code


if __name__ == "__main__":
    sys.exit(entry())
