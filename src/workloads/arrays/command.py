"""``python -m workloads arrays``: how NumPy's arrays lie in memory."""

from __future__ import annotations

import argparse
from pathlib import Path

from workloads.arrays import examples
from workloads.bench import options, plot
from workloads.errors import EXIT_CODES
from workloads.parallel import ranks


def main(arguments: list[str]) -> int:
    """Print what NumPy says of some arrays; draw them with ``--plot``."""
    args = _parser().parse_args(arguments)
    if args.plot is not None:
        plot.check(args.plot)
    if not ranks.is_first():
        return 0
    found = examples.examples()
    with options.tables_beside(args):
        print(examples.table(found), flush=True)
    if args.plot is not None:
        from workloads.arrays import drawing  # noqa: PLC0415

        drawing.draw(args.plot, found)
    return 0


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads arrays",
        description="Views, strides, broadcasting and copies of NumPy's arrays: shape, strides in "
        "bytes, whether the elements lie in the memory of the first array, and the bytes that were "
        "taken for them.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (png, pdf, svg)")
    return parser
