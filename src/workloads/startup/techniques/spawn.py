"""One process at a time, as the kernel accounts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workloads.startup import program

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation


def compute(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start it and wait for its end."""
    with trial.clock():
        ended = program.run(case.command)
    seen = {key: value for key, value in vars(ended).items() if key != "said"}
    return {"starts": 1, "wall": trial.seconds, **seen}, "ended with 0"
