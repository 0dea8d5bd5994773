"""Cold starts of packed environments on slow storage, with and without what is read ahead."""

import argparse
import itertools
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.pack import hot
from hpcpy.pack.image import ANY, image_of
from hpcpy.pack.places import is_packed
from hpcpy_common.errors import UsageError
from hpcpy_common.options import counts
from measure import report
from measure.cold.sample import DELAYS, add, require_root
from measure.samples import in_rounds


@dataclass
class Packed:
    """One program of one environment: seconds, requests and bytes, one a sample."""

    program: str
    ranks: int
    delay: float | None
    ahead: bool
    hot: int
    image: int
    wall: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    parser.add_argument("prefix", type=Path, help="a packed environment, with what is read ahead")
    parser.add_argument("program", nargs="+", help="statements, one program each")
    help_ = "starts at once (default: 1)"
    parser.add_argument("--ranks", type=counts, default="1", metavar="N,…", help=help_)
    report.add_options(parser, samples=5, has_images=False)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``packed.json``, print the medians."""
    require_root("packed.py")
    prefix = options.prefix.resolve()
    if not is_packed(prefix) or not (ranges := hot.ranges(prefix)):
        raise UsageError(f"{prefix}: reads nothing ahead", hint=f"hpcpy pack {prefix} -- PROGRAM")
    amount, size = sum(part.size for part in ranges), image_of(prefix).stat().st_size
    ways = itertools.product(options.program, options.ranks, DELAYS, (False, True))
    kinds = [Packed(*way, amount, size) for way in ways]

    def take(kind: Packed) -> None:
        request: dict[str, Any] = {"prefix": str(prefix), "delay": kind.delay}
        command = [ANY, f"{prefix}/bin/python", "-c", kind.program]
        request |= {"ahead": kind.ahead, "command": command, "ranks": kind.ranks}
        add(kind, "measure.cold.packed", request)

    # Where the environment lay is of one machine.
    words = ["python3", "benchmarks/packed.py", "PREFIX", *options.program]
    words += ["--samples", str(options.samples)]
    words += ["--ranks", ",".join(map(str, options.ranks))]
    facts = report.begun("packed", shlex.join(words))
    in_rounds(kinds, options.samples, take, lambda kind: f"{kind.program}, {kind.delay}")
    return report.finish({**facts, "results": kinds}, options.out)


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
