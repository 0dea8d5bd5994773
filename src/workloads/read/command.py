"""``python -m workloads read``: what may be asked for."""

from __future__ import annotations

import argparse

from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.read.problem import Arrays
from workloads.read.registry import FASTEST, TECHNIQUES
from workloads.write.command import COLUMNS, add_sizes
from workloads.write.definition import Series


def _add_options(what: argparse._ArgumentGroup) -> None:
    add_sizes(what)
    what.add_argument(
        "--cold",
        action="store_true",
        help="take the files out of this machine's page cache before they are read",
    )


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
    problems=lambda args: [Arrays(Series(args.n, args.s), args.cold)],
    baseline="text",
    columns=COLUMNS,
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(READ, arguments)
