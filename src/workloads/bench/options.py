"""Command-line options every workload has."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from hpcpy_common import files, ranks
from hpcpy_common.errors import UsageError
from hpcpy_common.options import count, counts, whole_number

# More than any node has cores: so many processes stop a login node.
_MOST_WORKERS = 1024


def add_common(parser: argparse.ArgumentParser, *, samples: bool, request: str = "auto") -> None:
    """Add what chooses, repeats and reports; `samples` tells whether some may do only a part."""
    choose = parser.add_argument_group("which techniques").add_argument
    choose("--list", action="store_true", help="list the techniques and whether each can run here")
    choose(
        "--impl", metavar="NAME[,NAME…]|all|auto",
        help="techniques to run; auto is the fastest exact one this machine has "
        f"(default: {request})",
    )  # fmt: skip
    choose(
        "--workers", type=whole_number(1, _MOST_WORKERS), metavar="N",
        help="threads or processes, where the technique has them (default: the cores there are)",
    )  # fmt: skip
    choose(
        "--scale", type=counts, metavar="N[,N…]",
        help="the same with each of these numbers of workers: speed-up, efficiency and the serial "
        "part; of MPI ranks the first N compute",
    )  # fmt: skip
    choose("--weak", action="store_true", help="with --scale: N times the work for N workers")
    if samples:
        text = "let slow techniques do all the work, not a sample"
        choose("--full", action="store_true", help=text)
    report = parser.add_argument_group("timing and report").add_argument
    report(
        "--repeat", type=count, default=1, metavar="N", help="time each N times, report the fastest"
    )
    report(
        "--json", type=Path, metavar="FILE",
        help="write every sample as JSON; for all options, - writes to standard output; tables "
        "then go to standard error",
    )  # fmt: skip
    report(
        "--plot", type=Path, metavar="FILE",
        help="draw the rates, with --scale the speed-up (png, pdf, svg)",
    )  # fmt: skip
    report(
        "--profile", nargs=2, metavar=("cprofile|line", "FILE"),
        help="where the time goes: cprofile's FILE opens in snakeviz, line's is text; FILE holds "
        "all ranks",
    )  # fmt: skip


def check_common(args: argparse.Namespace, outputs: Mapping[str, Collection[str]]) -> None:
    """Refuse what the parser alone cannot detect; `outputs` are the workload's own."""
    if args.scale and args.workers:
        raise UsageError("--scale and --workers exclude each other")
    if args.weak and not args.scale:
        raise UsageError("--weak is for --scale", hint="add --scale 1,2,4")
    if args.profile is not None:
        from workloads.bench import profiling  # noqa: PLC0415

        profiling.check(*args.profile)
    check_files(args, outputs)


def check_files(
    args: argparse.Namespace, outputs: Mapping[str, Collection[str]] | None = None
) -> None:
    """Refuse one file for two outputs, and what cannot be written or drawn.

    `outputs` has more options than those of all, each with the endings that its file may have.
    """
    files.require_apart(_outputs(args))
    for option, endings in {"--json": (), **(outputs or {})}.items():
        if (path := getattr(args, option[2:])) is not None:
            files.require_writable(path, option, endings)
    if args.plot is not None:
        from workloads.bench import plot  # noqa: PLC0415

        plot.check(args.plot)


def tables_beside(args: argparse.Namespace) -> contextlib.AbstractContextManager[object]:
    """Send what people read to standard error where an output goes to standard output."""
    if ranks.is_first() and use_stdout(args):
        return contextlib.redirect_stdout(sys.stderr)
    return contextlib.nullcontext()


def use_stdout(args: argparse.Namespace) -> bool:
    """Tell whether an output goes to standard output."""
    return any(map(files.is_stdout, _outputs(args).values()))


def _outputs(args: argparse.Namespace) -> dict[str, Path]:
    """Return the files that are written, by their options."""
    names = ("json", "html", "plot", "out", "film", "checkpoint")
    named = {f"--{name}": path for name in names if (path := getattr(args, name, None))}
    if getattr(args, "profile", None):
        named["--profile"] = Path(args.profile[1])
    return named
