"""Strong scaling: the same work by more and more workers; weak: as much for each of them."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence

from workloads.bench import machine
from workloads.bench.result import Result, render
from workloads.bench.workload import Technique
from workloads.errors import UsageError
from workloads.parallel import ranks

STRONG, WEAK = "strong", "weak"
# Times what the cores can give: as much differs from run to run.
_SPREAD = 1.1


def counts(
    names: Sequence[str], techniques: Mapping[str, Technique], wanted: Sequence[int]
) -> None:
    """Raise a UsageError for a technique without workers, and for more ranks than there are."""
    for name in names:
        if not techniques[name].has_workers:
            raise UsageError(f"--scale: {name} has no workers to count")
        there = ranks.expected()
        if techniques[name].parallel == "ranks" and max(wanted) > there:
            ranks_there = "is 1 rank" if there == 1 else f"are {there} ranks"
            raise UsageError(
                f"--scale {max(wanted)}: there {ranks_there} for {name}",
                hint=f"start it with mpiexec -n {max(wanted)}",
            )


def kind(results: Sequence[Result]) -> str:
    """Return which scaling these results are of; empty where all have as many workers."""
    work: dict[tuple[str, str], list[int]] = {}
    for result in results:
        work.setdefault((result.impl, result.problem), []).append(result.work)
    if not any(len(each) > 1 for each in work.values()):
        return ""
    return STRONG if all(len({*each}) == 1 for each in work.values()) else WEAK


def _by_technique(results: Sequence[Result]) -> dict[str, list[Result]]:
    names = dict.fromkeys(result.impl for result in results)
    return {name: [result for result in results if result.impl == name] for name in names}


def _shares_cores(result: Result) -> bool:
    return 0 < result.cores < result.workers


def series(results: Sequence[Result]) -> dict[str, list[tuple[Result, float, float]]]:
    """Return each technique's results with speed-up and efficiency.

    Both refer to its own run with the fewest workers, which is taken to be
    perfect: efficiency 1.  Speed-up compares rates, so it also holds for more work.
    """
    found: dict[str, list[tuple[Result, float, float]]] = {}
    for name, own in _by_technique(results).items():
        base = min(own, key=lambda result: result.workers)
        for result in own:
            efficiency = result.rate / result.workers / (base.rate / base.workers)
            found.setdefault(name, []).append((result, efficiency * result.workers, efficiency))
    return found


def beyond_cores(own: Sequence[Result]) -> list[int]:
    """Return the numbers of workers of one technique that gained more than cores can give.

    Most likely other work on the machine has slowed the run with the fewest workers.
    """
    base = min(own, key=lambda result: result.workers)
    most = {result.workers: (result.cores or result.workers) for result in own}
    return [
        result.workers
        for result in own
        if result.workers > base.workers
        and result.rate / base.rate > _SPREAD * most[result.workers] / most[base.workers]
    ]


def table(results: Sequence[Result], unit: str) -> str:
    """Return one problem's results by technique and workers."""
    lines = [["technique", "workers", "time", unit, "speed-up", "efficiency", "verdict"]]
    for name, points in series(results).items():
        beyond = beyond_cores([result for result, _, _ in points])
        for result, speed_up, efficiency in points:
            certain = "not certain" if result.workers in beyond else f"{efficiency:.0%}"
            rate = f"{result.rate / 1e6:,.1f}"
            cells = [name, str(result.workers), result.time, rate, f"{speed_up:,.2f}×", certain]
            lines.append([*cells, result.verdict])
    return render(lines)


def serial_fraction(results: Sequence[Result]) -> tuple[float, float]:
    """Fit a law to one technique; return its serial fraction and the largest deviation.

    Strong scaling has Amdahl's law, time = s + (1 - s) / workers (AFIPS 1967, 30,
    483), weak scaling Gustafson's, rate = s + (1 - s) workers (CACM 31, 532, 1988),
    both times a constant: ``time * workers`` and ``rate`` are straight lines.
    """
    is_strong = kind(results) == STRONG
    values = [(r.workers / r.rate if is_strong else r.rate) for r in results]
    # slope * u + constant * v is 1 where a point lies on the line.
    u = [result.workers / value for result, value in zip(results, values, strict=True)]
    v = [1 / value for value in values]
    uu, uv, vv = (sum(map(operator.mul, *pair)) for pair in ((u, u), (u, v), (v, v)))
    slope = (vv * sum(u) - uv * sum(v)) / (uu * vv - uv * uv)
    constant = (uu * sum(v) - uv * sum(u)) / (uu * vv - uv * uv)
    # Neither part can be negative: faster than ideal, or slower with more workers.
    if slope < 0:
        slope, constant = 0.0, sum(v) / vv
    elif constant < 0:
        slope, constant = sum(u) / uu, 0.0
    off = max(abs(slope * a + constant * b - 1) for a, b in zip(u, v, strict=True))
    return (slope if is_strong else constant) / (slope + constant), off


def laws(results: Sequence[Result]) -> list[str]:
    """Return a line for each technique with its serial fraction, and one on a load."""
    what = "Amdahl's law" if kind(results) == STRONG else "Gustafson's law"
    lines = [
        f"{name}: {what}: {_law(own)}"
        for name, own in _by_technique(results).items()
        if len(_workers(own)) > 1
    ]
    load, there = machine.load_before(), os.cpu_count() or 1
    if load > there:
        lines.append(f"load {load} before it on {there} cores: no speed-up is certain")
    return lines


def _law(own: Sequence[Result]) -> str:
    """Return which serial fraction fits one technique, or why none."""
    if beyond := beyond_cores(own):
        return f"not fitted, as {_listed(beyond)} workers gained more than cores can give"
    # Workers that share a core are slower by the clock: no serial part.
    fitted = [result for result in own if not _shares_cores(result)]
    alone = _workers(fitted)
    crowded = _listed(set(_workers(own)) - {*alone})
    if len(alone) < 2:
        return f"not fitted, as {crowded} workers share cores"
    serial, off = serial_fraction(fitted)
    is_bound = serial and kind(fitted) == STRONG
    most = f", at most {1 / serial:,.0f} times faster" if is_bound else ""
    # A law of two parameters fits any two points, however wrong it is.
    deviation = f", at most {off:.1%} off" if len(alone) > 2 else ""
    without = f"; without {crowded}, which share cores" if crowded else ""
    return f"{serial:.1%} serial{most} ({_listed(alone)} workers{deviation}{without})"


def _workers(results: Iterable[Result]) -> list[int]:
    return sorted({result.workers for result in results})


def _listed(workers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(workers)))
