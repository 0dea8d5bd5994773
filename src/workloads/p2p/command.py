"""``python -m workloads p2p``: what may be asked for."""

from __future__ import annotations

import argparse

from workloads.bench import command, options
from workloads.bench.workload import Workload
from workloads.errors import UsageError
from workloads.p2p.overview import Overview
from workloads.p2p.problem import Messages, how_often
from workloads.p2p.registry import FASTEST, TECHNIQUES
from workloads.p2p.sizes import DEFAULT, in_words, sizes

_PATTERNS = ("ping-pong", "exchange")
_MOST_TIMES = 10_000_000


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument(
        "--pattern",
        choices=_PATTERNS,
        help="ping-pong: the first rank and the last, one message to and fro; exchange: every "
        "rank sends to the next and receives from the one before (default: both)",
    )
    what.add_argument(
        "--sizes",
        type=sizes,
        default=[*DEFAULT],
        metavar="N[,N…]",
        help="bytes of a message, or with KiB or MiB (default: powers of two, "
        f"{in_words(DEFAULT[0])} … {in_words(DEFAULT[-1])})",
    )
    what.add_argument(
        "--times",
        type=options.whole(1, _MOST_TIMES),
        metavar="N",
        help="messages that are timed (default: 16 to 1000, by size; a tenth of it where there "
        "are more ranks than cores)",
    )
    what.add_argument(
        "--warm-up",
        type=options.whole(0, _MOST_TIMES),
        metavar="N",
        help="messages before those (default: a tenth of them)",
    )


def _problems(args: argparse.Namespace) -> list[Messages]:
    if args.scale and min(args.scale) < 2:
        raise UsageError(f"--scale {min(args.scale)}: one rank has nobody to send to")
    patterns = [args.pattern] if args.pattern else [*_PATTERNS]
    return [_messages(pattern, size, args) for pattern in patterns for size in args.sizes]


def _messages(pattern: str, size: int, args: argparse.Namespace) -> Messages:
    times = args.times or how_often(size)
    warm_up = -(-times // 10) if args.warm_up is None else args.warm_up
    return Messages(pattern, size, times, warm_up)


P2P = Workload(
    name="p2p",
    description="Messages between MPI ranks: how long one takes and how many bytes a second go. "
    "What has arrived is compared with what was sent.",
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
