"""Strong scaling: the same work by more and more workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workloads.errors import UsageError
from workloads.harness import ranks
from workloads.harness.result import Result, duration, render
from workloads.harness.technique import Technique

_COUNTED = ("threads", "processes", "ranks")


def counts(names: Sequence[str], techniques: Mapping[str, Technique], wish: Sequence[int]) -> None:
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
        if techniques[name].parallel == "ranks" and max(wish) > there:
            ranks_there = "is 1 rank" if there == 1 else f"are {there} ranks"
            raise UsageError(
                f"--scale {max(wish)}: there {ranks_there} for {name}",
                hint=f"start it with mpiexec -n {max(wish)}",
            )


def without_workers(names: Sequence[str], techniques: Mapping[str, Technique]) -> dict[str, str]:
    """Return the techniques that ``all`` leaves out, with the reason."""
    return {n: "no workers to count" for n in names if techniques[n].parallel not in _COUNTED}


def series(results: Sequence[Result]) -> dict[str, list[tuple[Result, float, float]]]:
    """Return each technique's results with speed-up and efficiency.

    Both refer to its own run with the fewest workers, which is taken to be
    perfect: efficiency 1.
    """
    found: dict[str, list[tuple[Result, float, float]]] = {}
    for result in results:
        own = [other for other in results if other.impl == result.impl]
        base = min(own, key=lambda other: other.workers)
        speed_up = result.rate / base.rate * base.workers
        found.setdefault(result.impl, []).append((result, speed_up, speed_up / result.workers))
    return found


def table(results: Sequence[Result], unit: str) -> str:
    """Return one problem's results by technique and workers."""
    lines = [["technique", "workers", "time", unit, "speed-up", "efficiency", "verdict"]]
    for name, points in series(results).items():
        for result, speed_up, efficiency in points:
            lines.append(
                [
                    name,
                    str(result.workers),
                    ("" if result.complete else "≈ ") + duration(result.seconds),
                    f"{result.rate / 1e6:,.1f}",
                    f"{speed_up:,.2f}×",
                    f"{efficiency:.0%}",
                    result.verdict,
                ]
            )
    return render(lines)
