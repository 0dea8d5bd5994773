"""Cold starts of packed environments on slow storage, with and without what is read ahead."""

import argparse
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.pack import hot
from hpcpy.pack.image import ANY, image_of
from hpcpy.pack.places import is_packed
from hpcpy_common.options import counts, whole_number
from measure import report
from measure.cold.sample import inside
from measure.samples import in_rounds

# Seconds that a request takes; None: all is in the page cache.
_DELAYS = (None, 0.001, 0.005, 0.010)


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
    parser.add_argument("--samples", type=whole_number(1), default=5, metavar="N")
    help_ = "starts at once (default: 1)"
    parser.add_argument("--ranks", type=counts, default="1", metavar="N,…", help=help_)
    help_ = "where packed.json goes"
    parser.add_argument("--out", type=Path, default=report.RESULTS, metavar="FOLDER", help=help_)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``packed.json``, print the medians."""
    if os.geteuid() != 0:
        raise UnavailableError("only root mounts a slow storage", hint="sudo …")
    prefix = options.prefix.resolve()
    if not is_packed(prefix) or not (ranges := hot.ranges(prefix)):
        raise UsageError(f"{prefix}: reads nothing ahead", hint=f"hpcpy pack {prefix} -- PROGRAM")
    amount, size = sum(each.size for each in ranges), image_of(prefix).stat().st_size
    kinds = [
        Packed(program, ranks, delay, ahead, amount, size)
        for program in options.program
        for ranks in options.ranks
        for delay in _DELAYS
        for ahead in (False, True)
    ]

    def take(kind: Packed) -> None:
        request: dict[str, Any] = {"prefix": str(prefix), "delay": kind.delay}
        command = [ANY, f"{prefix}/bin/python", "-c", kind.program]
        request |= {"ahead": kind.ahead, "command": command, "ranks": kind.ranks}
        for name, value in inside("measure.cold.packed", request).items():
            getattr(kind, name).append(value)

    # Where the environment lay is of one machine.
    words = ["python3", "benchmarks/packed.py", "PREFIX", *options.program]
    words += ["--samples", str(options.samples)]
    words += ["--ranks", ",".join(map(str, options.ranks))]
    facts = report.begun("packed", shlex.join(words))
    in_rounds(kinds, options.samples, take, lambda kind: f"{kind.program}, {kind.delay}")
    report.finish({**facts, "results": kinds}, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
