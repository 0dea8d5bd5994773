"""``python -m workloads p2p``: what may be asked for."""

from __future__ import annotations

import argparse

from workloads.bench import command, options
from workloads.bench.workload import Workload
from workloads.errors import UsageError
from workloads.p2p.messages import DEFAULT, sizes
from workloads.p2p.overview import Overview
from workloads.p2p.problem import Messages
from workloads.p2p.registry import FASTEST, TECHNIQUES


def _add_options(group: argparse._ArgumentGroup) -> None:
    text = "bytes of a message, or with KiB or MiB (default: powers of two, 8 B … 4 MiB)"
    group.add_argument("--sizes", type=sizes, default=DEFAULT, metavar="N[,N…]", help=text)
    times, text = options.whole(1, 10_000_000), "messages that are timed (default: 16 to 1000)"
    group.add_argument("--times", type=times, metavar="N", help=text)


def _problems(args: argparse.Namespace) -> list[Messages]:
    if args.scale and min(args.scale) < 2:
        raise UsageError(f"--scale {min(args.scale)}: one rank has nobody to send to")
    return [
        # About 64 MiB in all, unless they are few or many.
        Messages(size, args.times or min(1000, max(16, (64 << 20) // size)))
        for size in args.sizes
    ]


P2P = Workload(
    name="p2p",
    description="Messages between the first and the last MPI rank: how long one takes and how "
    "many bytes a second go. What has arrived is compared with what was sent.",
    title="Point to point",
    rate="bytes a second",
    unit="MB/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=_problems,
    baseline="mpi-lower",
    overview=Overview(),
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(P2P, arguments)
