"""One timed run of a technique: its module, its workers, the clock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.bench.job import Job
    from workloads.bench.profiling import Profiler
    from workloads.bench.technique import Technique
    from workloads.parallel.workers import Workers


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
    workers
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
    workers: Workers
    job: Job
    profile: Profiler
    repetition: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0

    @property
    def compute(self) -> Callable[..., Any]:
        """The technique's function."""
        return self.technique.load()

    @property
    def count(self) -> int:
        """How many compute; right only once they have started."""
        if self.job.collective:
            return int(self.workers.comm.size)
        return self.workers.count if self.technique.parallel in ("threads", "processes") else 1

    @contextlib.contextmanager
    def clock(self) -> Iterator[None]:
        """Give a region that is timed and profiled; the ranks that compute begin it together."""
        if self.job.collective:
            self.job.computing.Barrier()
        with self.profile.measure():
            started, used = time.perf_counter(), time.process_time()
            yield
            self.seconds += time.perf_counter() - started
            self.processor_seconds += time.process_time() - used

    def reset(self, repetition: int) -> None:
        """Begin a repetition."""
        self.repetition = repetition
        self.seconds = self.processor_seconds = self.workers.kernel_seconds = 0.0
        self.workers.busy = []
