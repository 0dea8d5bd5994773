"""The way into ``hpcpy``, in a checkout and in an image, and the types of its options."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Collection

from hpcpy_common.errors import lost_output, open_streams, suggestion


def text(value: str) -> str:
    """Return an option's value, one printable line: a line break would begin one of a script."""
    if not value.isprintable():
        raise argparse.ArgumentTypeError(f"{value!r} holds a character that cannot be printed")
    return value.strip()


def one_of(known: Collection[str]) -> Callable[[str], str]:
    """Return the type of an option that takes one of some names, and suggests the nearest."""

    def name(value: str) -> str:
        if value.strip() not in ("", *known):
            raise argparse.ArgumentTypeError(f"no {value!r}; {suggestion(value, known)}")
        return value.strip()

    return name


def entry(main: Callable[[list[str]], int]) -> int:
    """Run the command that this process was started with."""
    open_streams()
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
        code = lost_output(error, lambda line: print(f"hpcpy: {line}", file=sys.stderr))
    # CPython before 3.14 ends by SIGINT after a Ctrl-C during the exec of a string (in
    # dataclass, say), even if the exception was caught; the next exec clears that.
    exec("")  # noqa: S102
    return code
