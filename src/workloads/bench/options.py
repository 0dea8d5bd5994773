"""Command-line options every workload has."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from workloads.bench import files, plot, profiling
from workloads.bench.destination import is_stdout
from workloads.errors import UsageError
from workloads.parallel import ranks

# Marks a word that is no option although it begins with a dash: no word of a
# command line can contain this character.
_VALUE = "\0"


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from workloads.version import line  # noqa: PLC0415

        print(line())
        parser.exit()


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, raised as `UsageError`.

    Parameters
    ----------
    options
        Those of `argparse.ArgumentParser`.
    """

    def __init__(self, **options: Any) -> None:
        # A report's command is read later (`scaling.kind`): its options have one spelling.
        super().__init__(allow_abbrev=False, **options)
        self.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError instead of printing the usage above the message."""
        one_line = " ".join(message.replace(_VALUE, "").split())
        raise UsageError(one_line, hint="--help tells the options")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # Before Python 3.13 the value of `--json=--` is an empty list.
        if action.option_strings and arg_strings == ["--"]:
            arg_strings = [f"{_VALUE}--"]
        return super()._get_values(action, arg_strings)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        return super()._get_value(action, arg_string.removeprefix(_VALUE))


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; take ``-1e-3`` and ``-inf`` for numbers, not options.

    Before Python 3.14 argparse takes only digits, as in ``-1`` and ``-0.5``, for
    a negative number. What follows ``--`` is no option anyway.
    """
    ours = [*arguments, "--"].index("--")
    words = [f"{_VALUE}{word}" if _is_number(word) else word for word in arguments[:ours]]
    return parser.parse_args([*words, *arguments[ours:]])


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word.startswith("-")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
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


count = whole(1)


def counts(text: str) -> list[int]:
    """Return comma-separated whole numbers of at least 1, sorted, each once."""
    return sorted({count(word) for word in text.split(",")})


def add_common(parser: argparse.ArgumentParser, *, samples: bool, request: str = "auto") -> None:
    """Add what chooses, repeats and reports to a workload's parser.

    Parameters
    ----------
    parser
        The workload's.
    samples
        Whether it has techniques that do only a sample of the work.
    request
        What runs where ``--impl`` is not given.
    """
    choose = parser.add_argument_group("which techniques")
    choose.add_argument(
        "--list", action="store_true", help="list the techniques and whether each can run here"
    )
    choose.add_argument(
        "--impl",
        default=request,
        metavar="NAME[,NAME…]|all|auto",
        help="techniques to run; auto is the fastest exact one this machine has "
        f"(default: {request})",
    )
    choose.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="threads or processes, where the technique has them (default: the cores there are)",
    )
    choose.add_argument(
        "--scale",
        type=counts,
        metavar="N[,N…]",
        help="the same with each of these numbers of workers: speed-up, efficiency and the serial "
        "part; of MPI ranks the first N compute",
    )
    choose.add_argument(
        "--weak", action="store_true", help="with --scale: N times the work for N workers"
    )
    if samples:
        choose.add_argument(
            "--full", action="store_true", help="let slow techniques do all the work, not a sample"
        )
    report = parser.add_argument_group("timing and report")
    report.add_argument(
        "--repeat", type=count, default=1, metavar="N", help="time each N times, report the fastest"
    )
    report.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write every sample as JSON; for all options, - writes to standard output; tables "
        "then go to standard error",
    )
    report.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="write a bar chart, with --scale one of speed-up (png, pdf, svg)",
    )
    report.add_argument(
        "--from",
        dest="report",
        type=Path,
        metavar="FILE",
        help="run nothing: draw by --plot what --json has written to FILE",
    )
    report.add_argument(
        "--profile",
        nargs=2,
        metavar=("cprofile|line|memory|viztracer", "FILE"),
        help="where the time goes: cprofile's FILE opens in snakeviz, line's is text, "
        "viztracer's opens in vizviewer and has worker processes too; memory's is text, the "
        "lines that hold most (by tracemalloc: Python's objects and NumPy's arrays, not what C "
        "libraries allocate themselves); FILE holds all ranks, which first write beside it",
    )


def check_common(options: argparse.Namespace) -> None:
    """Refuse what the parser alone cannot detect.

    Raises
    ------
    UsageError
        When a file could not be written after the run, or for options that
        exclude each other.
    UnavailableError
        Without the profiler's module, or matplotlib.
    """
    if options.scale and options.workers:
        raise UsageError("--scale and --workers exclude each other")
    if options.weak and not options.scale:
        raise UsageError("--weak is for --scale", hint="add --scale 1,2,4")
    if options.profile is not None:
        profiling.check(*options.profile)
    check_files(options)


def check_files(options: argparse.Namespace) -> None:
    """Refuse what ``--json``, ``--plot`` and ``--from`` cannot do.

    Raises
    ------
    UsageError
        When a file could not be written after the run, or ``--from`` has no ``--plot``.
    UnavailableError
        Without matplotlib.
    """
    if options.json is not None:
        files.require_writable(options.json, "--json")
    if options.plot is not None:
        plot.check(options.plot)
    elif options.report is not None:
        raise UsageError("--from is for --plot", hint="add --plot FILE")


def tables_beside(options: argparse.Namespace) -> contextlib.AbstractContextManager[object]:
    """Send what people read to standard error where an output goes to standard output.

    Parameters
    ----------
    options
        Checked by `check_common`.
    """
    if not ranks.is_first():
        return contextlib.nullcontext()
    named = [getattr(options, name, None) for name in ("json", "plot", "out")]
    profile = getattr(options, "profile", None)
    named += [Path(profile[1])] if profile is not None else []
    if any(path is not None and is_stdout(path) for path in named):
        return contextlib.redirect_stdout(sys.stderr)
    return contextlib.nullcontext()
