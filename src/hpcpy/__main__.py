"""``python3 -m hpcpy COMMAND``: what ``./hpcpy`` and the Makefile call."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hpcpy.cli import from_make
from hpcpy.cli.commands import COMMANDS, run, top_parser
from hpcpy.core.errors import DiskError, HpcpyError, UsageError
from hpcpy.core.files import open_streams
from hpcpy.core.paths import cache_dir
from hpcpy.core.trust import ANOTHER_CACHE
from workloads.bench.files import OF_A_NAME, escape_unencodable
from workloads.errors import lost_output


def main(words: list[str]) -> int:
    """Run one command; return 0, an error's exit code (docs/reference/make.md), or 130.

    ``--from-make`` stands before the words where the Makefile calls.
    """
    # The programs that this starts must not get the path of this package: an image
    # would import the checkout's `workloads` in place of its own.
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
        if error.errno not in OF_A_NAME or not error.filename:
            raise
        message = f"{name}: {error.filename}: {str(error.strerror).lower()}"
        if _is_in_cache(error.filename):
            print(f"{message}; {ANOTHER_CACHE}", file=sys.stderr)
            return DiskError.exit_code
        print(message, file=sys.stderr)
        return UsageError.exit_code
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command continues from here", file=sys.stderr)
        return 130


def _is_in_cache(name: str | bytes) -> bool:
    try:
        return Path(os.fsdecode(name)).is_relative_to(cache_dir())
    except UsageError:  # there is none
        return False


def entry() -> int:
    """Run the command that this process was started with."""
    open_streams()
    escape_unencodable()
    try:
        try:
            code = main(sys.argv[1:])
        finally:  # --help ends by SystemExit
            sys.stdout.flush()
        # The work is done. Ctrl-C while Python ends would change the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = 130
    except OSError as error:
        code = lost_output(error, _complain)
    # CPython before 3.14 ends by SIGINT after a Ctrl-C during the exec of a string (in
    # dataclass, say), even if the exception was caught; the next exec clears that.
    exec("")  # noqa: S102
    return code


def _complain(line: str) -> None:
    print(f"hpcpy: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(entry())
