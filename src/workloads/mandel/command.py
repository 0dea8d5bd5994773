"""``python -m workloads mandel``: options, runs, report."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.errors import UnavailableError, UsageError, WorkloadError
from workloads.harness import machine, options, profiling, ranks, scaling
from workloads.harness.result import Result, table, write_json
from workloads.harness.technique import listing, select
from workloads.mandel import output
from workloads.mandel.grid import AREAS, Area, Grid
from workloads.mandel.registry import FASTEST, TECHNIQUES

if TYPE_CHECKING:
    from workloads.harness.profiling import Profiler

_UNIT = "M tests/s"


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads mandel",
        description="Escape times of the Mandelbrot set in double precision. Every technique "
        "gives the same bytes; the rate counts how often |z|² > 4 is asked.",
    )
    what = parser.add_argument_group("what to compute")
    what.add_argument("--area", choices=[*AREAS], help="one of the two areas (default: both)")
    what.add_argument(
        "--window", nargs=4, type=float, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
        help="any other window, with --size and --maxiter",
    )  # fmt: skip
    what.add_argument("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels")
    what.add_argument("--maxiter", type=int, metavar="N", help="tests a point at most")
    what.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write a picture (.png, .pgm) or the numbers (.npy, .h5); with both areas the "
        "area's name is added",
    )
    options.add_common(parser)
    return parser


def _areas(wish: argparse.Namespace) -> list[Area]:
    """Return what is to be computed; an area may get another size or limit."""
    changed = wish.size is not None or wish.maxiter is not None
    if wish.window is None and not changed:
        return [AREAS[wish.area]] if wish.area else list(AREAS.values())
    if wish.window is not None:
        if wish.area:
            raise UsageError("--area and --window exclude each other")
        if wish.size is None or wish.maxiter is None:
            raise UsageError("--window needs --size W H and --maxiter N")
        xmin, xmax, ymin, ymax = wish.window
        width, height = wish.size
        return [Area("window", Grid(xmin, xmax, ymin, ymax, width, height, wish.maxiter))]
    areas = [AREAS[wish.area]] if wish.area else list(AREAS.values())
    return [_resized(area, wish.size, wish.maxiter) for area in areas]


def _resized(area: Area, size: Sequence[int] | None, maxiter: int | None) -> Area:
    grid = area.grid
    width, height = size or (grid.width, grid.height)
    limit = grid.maxiter if maxiter is None else maxiter
    changed = Grid(grid.xmin, grid.xmax, grid.ymin, grid.ymax, width, height, limit)
    # Back at the stored size it is the stored area, reference included.
    return area if changed == grid else Area(area.name, changed)


def _target(out: Path | None, area: Area, areas: Sequence[Area]) -> Path | None:
    if out is None or len(areas) == 1:
        return out
    return out.with_name(f"{out.stem}-{area.name}{out.suffix}")


def _title(area: Area) -> str:
    grid = area.grid
    return (
        f"mandel {area.name}: x {grid.xmin:g}…{grid.xmax:g}, y {grid.ymin:g}…{grid.ymax:g}, "
        f"{grid.width}×{grid.height}, maxiter {grid.maxiter}"
    )


def _run_area(
    area: Area,
    names: Sequence[str],
    wish: argparse.Namespace,
    profile: Profiler,
    out: Path | None,
) -> tuple[list[Result], dict[str, str]]:
    """Run the techniques one after the other; return results and failures."""
    from workloads.mandel.run import Wish, is_sampled, require_memory, run  # noqa: PLC0415

    size = require_memory(area.grid)
    if size and ranks.is_first():
        print(f"mandel {area.name}: {size}", flush=True)
    if out is not None and not wish.full and all(is_sampled(name, area.grid) for name in names):
        raise UsageError(
            f"--out: {', '.join(names)} would compute a sample of {area.name}",
            hint="add --full or a faster technique",
        )
    how = Wish(wish.workers or machine.cores(), wish.repeat, wish.full, profile)
    hows = [replace(how, workers=count, ranks=count) for count in wish.scale or ()] or [how]
    results: list[Result] = []
    failed: dict[str, str] = {}
    for name, each in itertools.product(names, hows):
        try:
            results.append(run(name, area, each, out))
        except UnavailableError as error:
            # Some obstacles show only when a library or device is opened;
            # with `all` they cost one row.
            if wish.impl != "all":
                raise
            failed[name] = str(error)
            continue
        # The first technique that has computed every row has written it.
        if results[-1].complete:
            out = None
    return results, failed


def _report(
    area: Area,
    results: Sequence[Result],
    left_out: Mapping[str, str],
    wish: argparse.Namespace,
    out: Path | None,
) -> None:
    print(_title(area))
    print(
        scaling.table(results, _UNIT) if wish.scale else table(results, TECHNIQUES, "python", _UNIT)
    )
    # The same with every number of workers is said once.
    for name, note in dict.fromkeys((r.impl, r.note) for r in results if r.note):
        print(f"  {name}: {note}")
    for name, reason in left_out.items():
        print(f"  {name}: left out: {reason}")
    for answer, result in {result.answer: result for result in reversed(results)}.items():
        rows = "" if result.complete else " of the sampled rows"
        print(f"  sha256{rows} {answer}: {result.verdict}")
    if out is not None and any(result.complete and result.ok for result in results):
        print(f"  written to {out}")
    print(flush=True)


def _names(wish: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Return what is to run, and for ``all`` what is left out and why."""
    names, left_out = select(wish.impl, TECHNIQUES, FASTEST)
    if not wish.scale:
        return names, left_out
    if wish.impl == "all":
        left_out |= scaling.without_workers(names, TECHNIQUES)
        names = [name for name in names if name not in left_out]
    scaling.counts(names, TECHNIQUES, wish.scale)
    return names, left_out


def main(arguments: list[str]) -> int:
    """Run the workload's command line.

    Returns
    -------
    int
        0, or 1 when an answer is wrong.

    Raises
    ------
    WorkloadError
        For bad input, or when a technique cannot run here.
    """
    with _together():
        wish = options.parse(_parser(), arguments)
        if wish.list:
            print(listing(TECHNIQUES))
            return 0
        options.check_common(wish)
        areas = _areas(wish)
        if wish.out is not None:
            output.check(wish.out)
        names, left_out = _names(wish)
        results: list[Result] = []
        with profiling.profiler(wish.profile, "workloads.mandel") as profile:
            for area in areas:
                out = _target(wish.out, area, areas)
                found, failed = _run_area(area, names, wish, profile, out)
                results += found
                if ranks.is_first():
                    _report(area, found, {**left_out, **failed}, wish, out)
        if ranks.is_first():
            _write(wish, areas, arguments, results)
        return _complain(results)


def _write(
    wish: argparse.Namespace,
    areas: Sequence[Area],
    arguments: Sequence[str],
    results: Sequence[Result],
) -> None:
    if wish.json is not None:
        parameters = {area.name: vars(area.grid) for area in areas}
        write_json(wish.json, "mandel", parameters, arguments, results)
    if wish.plot is not None:
        from workloads.harness import plot  # noqa: PLC0415

        if wish.scale:
            plot.scaling_chart(wish.plot, "Mandelbrot set, strong scaling", results)
        else:
            plot.bar_chart(wish.plot, "Mandelbrot set, escape tests a second", _UNIT, results)


def _complain(results: Sequence[Result]) -> int:
    wrong = [result for result in results if not result.ok]
    for result in wrong:
        if ranks.is_first():
            print(f"mandel: {result.impl} on {result.problem}: {result.verdict}", file=sys.stderr)
    return 1 if wrong else 0


@contextlib.contextmanager
def _together() -> Iterator[None]:
    """End all ranks when one fails in a way the others cannot know of."""
    try:
        yield
    except (UsageError, UnavailableError):
        # Every rank comes to the same conclusion.
        raise
    except Exception as error:
        comm = ranks.several()
        if comm is None:
            raise
        if isinstance(error, WorkloadError):
            print(f"mandel: {error}", file=sys.stderr)
        else:
            traceback.print_exc()
        comm.Abort(getattr(error, "exit_code", 1))
        raise
