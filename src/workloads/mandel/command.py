"""``python -m workloads mandel``: what may be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.errors import UnavailableError, UsageError
from workloads.mandel import output
from workloads.mandel.grid import AREAS, SINGLE_AREAS, Area, Grid
from workloads.mandel.problem import Picture
from workloads.mandel.registry import FASTEST, KERNELS, TECHNIQUES, first_kernel, of_kernel
from workloads.parallel import ranks

_ALL_AREAS = AREAS | SINGLE_AREAS


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--area", choices=[*_ALL_AREAS], help="one area (default: area1 and area2)")
    what.add_argument(
        "--window", nargs=4, type=float, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
        help="any other window, with --size and --maxiter",
    )  # fmt: skip
    what.add_argument("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels")
    what.add_argument("--maxiter", type=int, metavar="N", help="tests a point at most")
    what.add_argument(
        "--kernel", choices=KERNELS,
        help="what the workers of threads, processes and ranks compute with (default: the first "
        "that can run here)",
    )  # fmt: skip
    text = "write a picture (.png) or the numbers (.npy) of one area"
    what.add_argument("--out", type=Path, metavar="FILE", help=text)


def _areas(args: argparse.Namespace) -> list[Area]:
    """Return the areas to compute; --size and --maxiter change a stored area."""
    if args.window is not None:
        if args.area:
            raise UsageError("--area and --window exclude each other")
        if args.size is None or args.maxiter is None:
            raise UsageError("--window needs --size W H and --maxiter N")
        xmin, xmax, ymin, ymax = args.window
        width, height = args.size
        return [Area("window", Grid(xmin, xmax, ymin, ymax, width, height, args.maxiter))]
    if args.area in SINGLE_AREAS and (args.size is not None or args.maxiter is not None):
        raise UsageError(
            f"--area {args.area}: has an answer at its own size and limit alone",
            hint="leave out --size and --maxiter",
        )
    areas = [_ALL_AREAS[args.area]] if args.area else list(AREAS.values())
    return [_resized(area, args.size, args.maxiter) for area in areas]


def _resized(area: Area, size: Sequence[int] | None, maxiter: int | None) -> Area:
    grid = area.grid
    width, height = size or (grid.width, grid.height)
    limit = grid.maxiter if maxiter is None else maxiter
    changed = replace(grid, width=width, height=height, maxiter=limit)
    # Back at the stored size it is the stored area, reference included.
    return area if changed == grid else Area(area.name, changed)


def _problems(args: argparse.Namespace) -> list[Picture]:
    areas = _areas(args)
    if args.out is not None:
        if len(areas) > 1:
            raise UsageError(f"--out {args.out}: takes one picture", hint="add --area area1")
        ranks.by_first(lambda: output.check(args.out))
    kernel = args.kernel or first_kernel()
    if args.kernel and (reason := TECHNIQUES[kernel].why_not()):
        raise UnavailableError(f"--kernel {kernel} cannot run here: {reason}")
    return [Picture(area, args.full, kernel, args.out) for area in areas]


def _with_kernel(workload: Workload, args: argparse.Namespace) -> Workload:
    own = of_kernel(args.kernel or first_kernel())
    return replace(workload, techniques={**workload.techniques, **own})


MANDEL = Workload(
    name="mandel",
    description="Escape times of the Mandelbrot set in double precision. Every technique "
    "gives the same bytes; the rate counts how often |z|² > 4 is asked.",
    title="Mandelbrot set",
    rate="escape tests a second",
    unit="M tests/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=_problems,
    baseline=("python", "numpy-single"),
    grown=Picture.grown,
    adapt=_with_kernel,
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(MANDEL, arguments)
