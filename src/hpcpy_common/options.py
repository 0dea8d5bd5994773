"""A command line whose errors are one line, and the types of its options."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from hpcpy_common.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_WIDTH = 80  # of help's description


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, raised as `UsageError`."""

    def __init__(self, **options: Any) -> None:
        # A job script's line means the same when there are more options.
        super().__init__(allow_abbrev=False, **options)

    @property
    def arguments(self) -> list[argparse.Action]:
        """All arguments: variables of make are named after them."""
        return self._actions

    def error(self, message: str) -> NoReturn:
        """Raise argparse's error as ours."""
        raise UsageError(" ".join(message.split()), hint=f"see {self.prog} --help")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End after --help, once it is written: that a disk is full is an error."""
        sys.stdout.flush()
        super().exit(status, message)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # argparse's own ends with 0 where the help cannot be written.
        (file or sys.stderr).write(message)


def module_parser(command: str, description: str, epilog: str) -> Parser:
    """Return the parser of a module's command, as ``workloads pi``."""
    return Parser(
        prog=f"python -m {command}",
        description=textwrap.fill(description, _WIDTH),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a parser's type: a whole number within bounds."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is not at least {least}")
        if most is not None and value > most:
            raise argparse.ArgumentTypeError(f"{text} is more than {most}")
        return value

    return convert


count = whole_number(1)


def above_zero(text: str) -> float:
    """Return a number above 0, and not an infinite one."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def counts(text: str) -> list[int]:
    """Return comma-separated whole numbers of at least 1, sorted, each once."""
    return sorted({count(word) for word in text.split(",")})


def names(*known: str) -> Callable[[str], list[str]]:
    """Return a parser's type: some of these names, separated by commas, each once."""

    def convert(text: str) -> list[str]:
        words = list(dict.fromkeys(text.split(",")))
        if unknown := [word for word in words if word not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return words

    return convert
