"""From which size on one technique is faster than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.bench.result import Result

# Seconds by task, technique and size.
_Times = dict[str, dict[str, dict[int, float]]]


def lines(results: Sequence[Result]) -> list[str]:
    """Return a line for each technique that is compared with a task's first, by size."""
    whole, kernels = _Times(), _Times()
    for result in results:
        task, _, size = result.problem.partition(" ")
        if not size:
            continue
        for times, samples in ((whole, result.samples), (kernels, result.kernel)):
            if samples:
                times.setdefault(task, {}).setdefault(result.impl, {})[int(size)] = min(samples)
    return [
        line
        for task, times in whole.items()
        for line in _of_one(task, times, kernels.get(task, {}))
    ]


def _of_one(
    task: str,
    times: Mapping[str, Mapping[int, float]],
    kernels: Mapping[str, Mapping[int, float]],
) -> list[str]:
    (base, slow), *others = times.items()
    found = []
    for name, fast in others:
        line = f"{task}: {name} is faster than {base} {_from(slow, fast)}"
        if name in kernels:
            line += f", its kernel alone {_from(slow, kernels[name])}"
        found.append(line)
    return found


def _from(slow: Mapping[int, float], fast: Mapping[int, float]) -> str:
    """Return in words the size from which on all times of `fast` are less."""
    sizes = sorted(slow.keys() & fast.keys())
    first = None
    for size in reversed(sizes):
        if fast[size] >= slow[size]:
            break
        first = size
    return "at none of these sizes" if first is None else f"from n = {first:,} on"
