"""``python -m workloads write``: what may be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.bench import command, options
from workloads.bench.workload import Workload
from workloads.write import files
from workloads.write.definition import MOST_ARRAYS, MOST_SIDE, Series
from workloads.write.problem import Files
from workloads.write.registry import FASTEST, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.result import Result


def add_sizes(group: argparse._ArgumentGroup) -> None:
    """Add the options for how many arrays there are, and how large they are."""
    # The talk's sizes.
    arrays, side = options.whole(1, MOST_ARRAYS), options.whole(1, MOST_SIDE)
    group.add_argument("-n", type=arrays, default=15, metavar="N", help="arrays (default: 15)")
    group.add_argument(
        "-s", type=side, default=100, metavar="S", help="rows and columns of each (default: 100)"
    )


def _add_options(group: argparse._ArgumentGroup) -> None:
    add_sizes(group)
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder, in which each technique has one with its name; without it a "
        "temporary folder in $TMPDIR or /tmp, which is removed",
    )
    group.add_argument(
        "--no-verify", action="store_true", help="do not read back and compare what was written"
    )


def _problems(args: argparse.Namespace) -> list[Files]:
    files.check(args.out)
    place = files.Place(args.out)
    return [Files("write", Series(args.n, args.s), place, verify=not args.no_verify)]


def _arrays(result: Result, _: Sequence[Result]) -> str:
    # A run that failed at once has 0 seconds.
    return f"{result.details[-1]['arrays'] / max(min(result.samples), 1e-9):,.0f}"


def _files(result: Result, _: Sequence[Result]) -> str:
    return f"{result.details[-1]['files']:,}"


# `read` has the same columns.
COLUMNS = {"arrays/s": _arrays, "files": _files}


def _against_raw(result: Result, results: Sequence[Result]) -> str:
    raw = next((min(other.samples) for other in results if other.impl == "raw"), None)
    return f"{min(result.samples) / raw:,.2f}×" if raw else "–"


WRITE = Workload(
    name="write",
    description="Write n arrays of s × s doubles, each computed when its turn comes. Every "
    "technique writes the same numbers, which are read back and compared.",
    title="Writing arrays",
    rate="megabytes of doubles a second",
    unit="MB/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=_problems,
    baseline="text",
    columns={**COLUMNS, "time/raw": _against_raw},
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(WRITE, arguments)
