"""Strong scaling: the same work by more and more workers; weak: as much for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from hpcpy_common import machine, ranks
from hpcpy_common.errors import UsageError
from workloads.bench.result import Done, Result, render
from workloads.bench.workload import Technique

# Times what the cores can give: as much differs from run to run.
_SPREAD = 1.1


def counts(
    names: Sequence[str], techniques: Mapping[str, Technique], wanted: Sequence[int]
) -> None:
    """Raise a UsageError for a technique without workers, and for more ranks than there are."""
    for name in names:
        if reason := techniques[name].uncountable():
            raise UsageError(f"--scale: {name} has {reason}")
        there = ranks.expected()
        if techniques[name].parallel == "ranks" and max(wanted) > there:
            ranks_there = "is 1 rank" if there == 1 else f"are {there} ranks"
            raise UsageError(
                f"--scale {max(wanted)}: there {ranks_there} for {name}",
                hint=f"start it with mpiexec -n {max(wanted)}",
            )


def _fewest(own: Sequence[Result]) -> Result:
    return min(own, key=lambda result: result.workers)


def series(results: Sequence[Result]) -> dict[str, list[tuple[Result, float, float]]]:
    """Return each technique's results with speed-up and efficiency.

    Both refer to its own run with the fewest workers, which is taken to be
    perfect: efficiency 1.  Speed-up compares rates, so it also holds for more work.
    """
    by_name: dict[str, list[tuple[Result, float, float]]] = {}
    for name in dict.fromkeys(result.impl for result in results):
        own = [result for result in results if result.impl == name]
        base = _fewest(own)
        for result in own:
            efficiency = result.rate / result.workers / (base.rate / base.workers)
            by_name.setdefault(name, []).append((result, efficiency * result.workers, efficiency))
    return by_name


def beyond_cores(own: Sequence[Result]) -> list[int]:
    """Return the numbers of workers of one technique that gained more than cores can give.

    Most likely other work on the machine has slowed the run with the fewest workers.
    """
    base = _fewest(own)
    most = {result.workers: (result.cores or result.workers) for result in own}
    return [
        result.workers
        for result in own
        if result.workers > base.workers
        and result.rate / base.rate > _SPREAD * most[result.workers] / most[base.workers]
    ]


def table(done: Done, unit: str) -> str:
    """Return one problem's results by technique and workers."""
    head = ["technique", "workers", "time", unit, "speed-up", "efficiency", "serial", "verdict"]
    lines = [head]
    for name, points in series(done.results).items():
        own = [result for result, _, _ in points]
        base, beyond = _fewest(own), beyond_cores(own)
        for result, speed_up, efficiency in points:
            is_certain = result.workers not in beyond
            # Workers that share a core are slower by the clock: that is no serial part.
            shares_cores = 0 < result.cores < result.workers
            has_part = is_certain and not shares_cores and result.workers > base.workers
            cells = [
                name,
                str(result.workers),
                result.time,
                f"{result.rate / 1e6:,.1f}",
                f"{speed_up:,.2f}×",
                f"{efficiency:.0%}" if is_certain else "not certain",
                f"{serial_fraction(base, result):.1%}" if has_part else "–",
            ]
            lines.append([*cells, result.verdict])
    none = ["–"] * (len(head) - 3)
    lines += [[each.impl, f"{each.workers}", *none, each.verdict] for each in done.failures]
    return render(lines)


def serial_fraction(base: Result, result: Result) -> float:
    """Return how much of the work only one worker can do, if `base` has fewer and a law holds.

    For the same work it is Amdahl's, time = s + (1 - s) / workers (AFIPS 1967, 30, 483), and
    this is Karp's and Flatt's metric (CACM 33, 539, 1990). For more work it is Gustafson's,
    rate = s + (1 - s) workers (CACM 31, 532, 1988). Both are straight lines.
    """
    if base.work == result.work:
        (x, y), (x_base, y_base) = ((1 / each.workers, 1 / each.rate) for each in (result, base))
    else:
        (x, y), (x_base, y_base) = ((each.workers, each.rate) for each in (result, base))
    slope = (y - y_base) / (x - x_base)
    # Neither part can be negative: faster than ideal, or slower with more workers.
    serial, parallel = max(0.0, y - slope * x), max(0.0, slope)
    return serial / (serial + parallel)


def remarks() -> list[str]:
    """Return a line if other work kept the cores busy before."""
    load, there = machine.load_before(), os.cpu_count() or 1
    if load <= there:
        return []
    return [f"load {load} before it on {there} cores: no speed-up is certain"]
