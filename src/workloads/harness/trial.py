"""One timed run of a technique: its module, its workers, the clock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.harness.job import Job
    from workloads.harness.profiling import Profiler
    from workloads.harness.team import Team
    from workloads.harness.technique import Technique


@dataclass
class Trial:
    """One technique, ready to be timed.

    Parameters
    ----------
    name
        The technique's.
    technique
        What the registry says of it.
    module
        Its module.
    members
        Its workers.
    job
        The processes of this run.
    profile
        Watches what is timed.
    repetition
        How many there have been before.
    seconds, processor_seconds
        Seconds of this repetition so far: by the wall clock, and of this process's
        processor time.
    """

    name: str
    technique: Technique
    module: Any
    members: Team
    job: Job
    profile: Profiler
    repetition: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0

    @property
    def workers(self) -> int:
        """How many compute; right only once they have started."""
        if self.job.collective:
            return int(self.members.comm.size)
        return self.members.workers if self.technique.parallel in ("threads", "processes") else 1

    @contextlib.contextmanager
    def clock(self) -> Iterator[None]:
        """Give a region that is timed and profiled; the ranks that compute begin it together."""
        if self.job.collective:
            self.job.team.Barrier()
        with self.profile.measure():
            started, used = time.perf_counter(), time.process_time()
            yield
            self.seconds += time.perf_counter() - started
            self.processor_seconds += time.process_time() - used

    def reset(self, repetition: int) -> None:
        """Begin a repetition."""
        self.repetition = repetition
        self.seconds = self.processor_seconds = self.members.kernel_seconds = 0.0
        self.members.busy = []
