"""``python -m workloads read``: what may be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workloads.harness import command, options
from workloads.harness.workload import Workload
from workloads.read.problem import Arrays
from workloads.read.registry import FASTEST, TECHNIQUES
from workloads.write.definition import MOST_ARRAYS, MOST_SIDE, Series

if TYPE_CHECKING:
    from workloads.harness.result import Result

# As `write` has them.
_ARRAYS, _SIDE = 15, 100


def _add_options(what: argparse._ArgumentGroup) -> None:
    for option, most, default, help_ in (
        ("-n", MOST_ARRAYS, _ARRAYS, "arrays"),
        ("-s", MOST_SIDE, _SIDE, "rows and columns of each"),
    ):
        what.add_argument(
            option,
            type=options.whole(1, most),
            default=default,
            metavar=option[1].upper(),
            help=f"{help_} (default: {default})",
        )
    what.add_argument(
        "--cold",
        action="store_true",
        help="take the files out of this machine's page cache before they are read",
    )


def _arrays(result: Result, _: Sequence[Result]) -> str:
    return f"{result.details[-1]['arrays'] / min(result.samples):,.0f}"


def _files(result: Result, _: Sequence[Result]) -> str:
    return f"{result.details[-1]['files']:,}"


READ = Workload(
    name="read",
    description="Read n arrays of s × s doubles by their numbers, in an order drawn at random, "
    "from what `write` makes of them in a temporary folder ($TMPDIR or /tmp). Each is compared.",
    title="Reading arrays",
    rate="megabytes of doubles a second",
    unit="MB/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=lambda wish: [Arrays(Series(wish.n, wish.s), wish.cold)],
    baseline="text",
    columns={"arrays/s": _arrays, "files": _files},
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.harness.command.main`."""
    return command.main(READ, arguments)
