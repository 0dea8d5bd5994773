"""The way into ``hpcpy``, in a checkout and in an image, and its parser: errors are one line."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any, NoReturn

from hpcpy_common.errors import UsageError, lost_output, open_streams, suggestion
from hpcpy_common.options import Printer


class Parser(Printer):
    """A parser that raises an error as ours; options are never shortened."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    @property
    def arguments(self) -> list[argparse.Action]:
        """All arguments: variables of make are named after them."""
        return self._actions

    def error(self, message: str) -> NoReturn:
        """Raise argparse's error as ours."""
        raise UsageError(" ".join(message.split()), hint=f"see {self.prog} --help")


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
