"""Strong scaling: the same work by more and more workers; weak: as much for each of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from workloads.bench import machine
from workloads.bench.result import Result, duration, render
from workloads.bench.technique import Technique
from workloads.bench.workload import Growing
from workloads.errors import UsageError
from workloads.parallel import ranks

if TYPE_CHECKING:
    import argparse

    from workloads.bench.workload import Problem

_COUNTED = ("threads", "processes", "ranks")
STRONG, WEAK = "strong", "weak"
# Times what the cores can give: as much differs from run to run.
_SPREAD = 1.1
# Less than this is printed as 0.0%.
_ROUNDED = 0.0005


def kind(words: Iterable[str]) -> str:
    """Return which scaling a command line asks for; empty for none."""
    given = {word.partition("=")[0] for word in words}
    return _kind(scales="--scale" in given, weak="--weak" in given)


def asked(args: argparse.Namespace) -> str:
    """Return which scaling parsed options ask for; empty for none."""
    return _kind(scales=bool(args.scale), weak=args.weak)


def _kind(*, scales: bool, weak: bool) -> str:
    return "" if not scales else WEAK if weak else STRONG


def grown(problem: Problem, names: Sequence[str], args: argparse.Namespace) -> dict[int, Problem]:
    """Return a problem for each number of workers, with as many times the work.

    Raises
    ------
    UsageError
        When there cannot be more of it, or the largest does not fit.
    """
    if not isinstance(problem, Growing):
        raise UsageError("--weak: this workload has no work that grows")
    more = {count: problem.grown(count) for count in args.scale}
    # If the largest does not fit, it is refused before the first has run.
    more[max(more)].prepare(names)
    return more


def counts(
    names: Sequence[str], techniques: Mapping[str, Technique], wanted: Sequence[int]
) -> None:
    """Refuse worker counts that cannot be had.

    Raises
    ------
    UsageError
        For a technique without workers, and for more ranks than there are.
    """
    for name in names:
        if techniques[name].parallel not in _COUNTED:
            raise UsageError(f"--scale: {name} has no workers to count")
        there = ranks.expected()
        if techniques[name].parallel == "ranks" and max(wanted) > there:
            ranks_there = "is 1 rank" if there == 1 else f"are {there} ranks"
            raise UsageError(
                f"--scale {max(wanted)}: there {ranks_there} for {name}",
                hint=f"start it with mpiexec -n {max(wanted)}",
            )


def without_workers(names: Sequence[str], techniques: Mapping[str, Technique]) -> dict[str, str]:
    """Return the techniques that ``all`` leaves out, with the reason."""
    return {n: "no workers to count" for n in names if techniques[n].parallel not in _COUNTED}


def series(results: Sequence[Result]) -> dict[str, list[tuple[Result, float, float]]]:
    """Return each technique's results with speed-up and efficiency.

    Both refer to its own run with the fewest workers, which is taken to be
    perfect: efficiency 1.  Speed-up compares rates, so it also holds for more work.
    """
    found: dict[str, list[tuple[Result, float, float]]] = {}
    for result in results:
        own = [other for other in results if other.impl == result.impl]
        base = min(own, key=lambda other: other.workers)
        rate = _rate_of(own)
        speed_up = rate(result) / rate(base) * base.workers
        found.setdefault(result.impl, []).append((result, speed_up, speed_up / result.workers))
    return found


def _wall_rate(result: Result) -> float:
    return result.rate


def _busiest_rate(result: Result) -> float:
    return result.work / max(min(map(max, result.busy)), 1e-9)


def _rate_of(own: Sequence[Result]) -> Callable[[Result], float]:
    """Return the function by whose rates one technique's results are compared."""
    return _busiest_rate if _by_processor(own) else _wall_rate


def _by_processor(own: Sequence[Result]) -> bool:
    """Return whether ranks share cores, and all results have processor times to compare."""
    return any(_shares_cores(result) for result in own) and all(result.busy for result in own)


def _shares_cores(result: Result) -> bool:
    return 0 < result.cores < result.workers


def beyond_cores(own: Sequence[Result]) -> list[int]:
    """Return the numbers of workers of one technique that gained more than cores can give.

    Most likely other work on the machine has slowed the run with the fewest workers.
    """
    base = min(own, key=lambda other: other.workers)
    cores = base.cores or base.workers
    return [
        result.workers
        for result in own
        if result.workers > base.workers
        and result.rate / base.rate > _SPREAD * (result.cores or result.workers) / cores
    ]


def remarks(results: Sequence[Result]) -> list[str]:
    """Return a line for each technique whose speed-up is not by the wall clock."""
    lines = []
    for name in dict.fromkeys(result.impl for result in results):
        own = [result for result in results if result.impl == name]
        if _by_processor(own):
            most = max((one for one in own if _shares_cores(one)), key=lambda one: one.workers)
            shared = f"{most.workers} ranks share {most.cores} cores"
            lines.append(f"{name}: {shared}; speed-up by the busiest rank's processor time")
    return lines


def table(results: Sequence[Result], unit: str) -> str:
    """Return one problem's results by technique and workers.

    Where ranks have counted their processor time, the table has its sum and the
    busiest rank's: on shared cores these show what the wall clock cannot.
    """
    counted = ["all ranks", "busiest"] if any(result.busy for result in results) else []
    lines = [["technique", "workers", "time", unit, "speed-up", "efficiency", *counted, "verdict"]]
    for name, points in series(results).items():
        beyond = beyond_cores([result for result, _, _ in points])
        for result, speed_up, efficiency in points:
            lines.append(
                [
                    name,
                    str(result.workers),
                    ("" if result.complete else "≈ ") + duration(result.seconds),
                    f"{result.rate / 1e6:,.1f}",
                    f"{speed_up:,.2f}×",
                    "not certain" if result.workers in beyond else f"{efficiency:.0%}",
                    *(_busy(result) if counted else ()),
                    result.verdict,
                ]
            )
    return render(lines)


def _busy(result: Result) -> list[str]:
    """Return the least processor time of all ranks, and of the busiest one."""
    if not result.busy:
        return ["–", "–"]
    return [duration(min(map(of, result.busy))) for of in (sum, max)]


def serial_fraction(results: Sequence[Result], scaling: str) -> tuple[float, float]:
    """Fit a law to one technique's results with at least two numbers of workers.

    Strong scaling has Amdahl's law, time = s + (1 - s) / workers (AFIPS 1967, 30,
    483), weak scaling Gustafson's, rate = s + (1 - s) workers (CACM 31, 532, 1988),
    both times a constant.

    Parameters
    ----------
    results
        Of one technique and problem; where ranks share cores, by their processor time.
    scaling
        `STRONG` or `WEAK`.

    Returns
    -------
    tuple of float
        The serial fraction s, 0 to 1, by least squares of relative deviations, and
        the largest of these.
    """
    rate = _rate_of(results)
    seconds = [1 / rate(result) for result in results]
    workers = [float(result.workers) for result in results]
    if scaling == STRONG:
        values, basis = seconds, [1 / count for count in workers]
    else:
        values, basis = [1 / each for each in seconds], workers
    u = [1 / value for value in values]
    v = [each / value for each, value in zip(basis, values, strict=True)]
    uu, uv, vv = (_product(*pair) for pair in ((u, u), (u, v), (v, v)))
    serial = (vv * sum(u) - uv * sum(v)) / (uu * vv - uv * uv)
    shared = (uu * sum(v) - uv * sum(u)) / (uu * vv - uv * uv)
    # Neither part can be negative: faster than ideal, or slower with more workers.
    if serial < 0:
        serial, shared = 0, sum(v) / vv
    elif shared < 0:
        serial, shared = sum(u) / uu, 0
    off = max(abs(serial * a + shared * b - 1) for a, b in zip(u, v, strict=True))
    return serial / (serial + shared), off


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def laws(results: Sequence[Result], scaling: str) -> list[str]:
    """Return a line for each technique with the serial fraction that fits its results.

    Workers that share a core are left out, unless they count their processor time: each
    of them is slower by the clock, and the law would take that for a serial part.
    A last line says that others computed on all cores, if they did.
    """
    lines = [
        f"{name}: {line}"
        for name in dict.fromkeys(result.impl for result in results)
        if (line := _law([result for result in results if result.impl == name], scaling))
    ]
    load, there = machine.load_before(), os.cpu_count() or 1
    if load > there:
        lines.append(f"load {load} before it on {there} cores: no speed-up is certain")
    return lines


def _law(own: Sequence[Result], scaling: str) -> str:
    """Return the line on one technique; an empty string for a single number of workers."""
    if len({result.workers for result in own}) < 2:
        return ""
    what = "Amdahl's law" if scaling == STRONG else "Gustafson's law"
    beyond = beyond_cores(own)
    if beyond:
        return f"{what}: not fitted, as {_listed(beyond)} workers gained more than cores can give"
    by_processor = _by_processor(own)
    fitted = [result for result in own if by_processor or not _shares_cores(result)]
    crowded = _counts(result for result in own if result not in fitted)
    counts_ = _counts(fitted)
    if len(counts_) < 2:
        return f"{what}: not fitted, as {_listed(crowded)} workers share cores"
    serial, off = serial_fraction(fitted, scaling)
    most = f", at most {1 / serial:,.0f} times faster" if scaling == STRONG and serial else ""
    of = f"{_listed(counts_)} workers{', by processor time' if by_processor else ''}"
    # A law of two parameters fits any two points, however wrong it is.
    of += f", at most {off:.1%} off" if len(counts_) > 2 or off > _ROUNDED else ""
    without = f"; without {_listed(crowded)}, which share cores" if crowded else ""
    return f"{what}: {serial:.1%} serial{most} ({of}{without})"


def _counts(results: Iterable[Result]) -> list[int]:
    return sorted({result.workers for result in results})


def _listed(counts_: Iterable[int]) -> str:
    return ", ".join(map(str, counts_))
