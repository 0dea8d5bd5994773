"""As many starts at the same moment as there are workers, as a node's ranks do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workloads.startup.program import Running

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation


def compute(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start all of them, then wait for each."""
    running: list[Running] = []
    try:
        with trial.clock():
            running.extend(Running(case.command) for _ in range(trial.count))
            ended = [one.end() for one in running]
    finally:
        for one in running:
            one.stop()
    cpu = sum(one.cpu for one in ended) / len(ended)
    return {"starts": len(ended), "wall": trial.seconds, "cpu": cpu}, "all ended with 0"
