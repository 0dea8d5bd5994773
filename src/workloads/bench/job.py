"""The processes of a run, and which of them take part in a technique."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeVar

from workloads.bench import machine
from workloads.errors import WorkloadError
from workloads.parallel import ranks

T = TypeVar("T")


class Job:
    """All processes of this run: one, or the ranks of an MPI job.

    Parameters
    ----------
    collective
        Whether the technique is one of all ranks, not of the first alone.
    count
        How many of the ranks compute; by default all.
    """

    def __init__(self, *, collective: bool, count: int | None) -> None:
        self.comm: Any = ranks.world() if collective or ranks.expected() > 1 else None
        self.first = self.comm is None or self.comm.rank == 0
        self.collective = collective
        # The communicator of the ranks that compute. A technique that is not
        # collective has none: the first rank computes alone.
        self.computing: Any = None
        if collective:
            world = ranks.world()
            self.computing = ranks.first(world, count or world.size)
        self.computes = self.computing is not None if collective else self.first
        self._failure: WorkloadError | None = None

    def agree(self, value: Any) -> Any:
        """Return rank 0's value on every rank that computes."""
        return self.computing.bcast(value, root=0) if self.collective else value

    def collected(self, values: list[T]) -> list[T]:
        """Return the values of all ranks that compute, on the first of them; elsewhere none."""
        each = self.computing.gather(values, root=0) if self.collective else [values]
        return [value for of_one in each or [] for value in of_one]

    def with_a_core(self, workers: int) -> int:
        """Return, on the first rank, how many of the workers can have a core each."""
        if not self.collective:
            return min(workers, machine.cores())
        return machine.with_a_core(self.collected([machine.place()]))

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Keep a failure that no rank has to know at once, until all come to `leave`."""
        try:
            yield
        except WorkloadError as error:
            # The others must learn at once of a failure that only some ranks
            # know: they may be waiting for this one.
            alone = self.collective and not error.agreed
            if self.comm is None or self.computing is self.comm or alone:
                raise
            self._failure = error

    def leave(self, value: T) -> T:
        """Wait for every rank; return rank 0's result, or raise its failure.

        The communicator of the ranks that compute ends here.
        """
        if self.comm is None:
            return value
        ranks.idle_barrier(self.comm)
        value, failure = self.comm.bcast((value, self._failure), root=0)
        if self.computing not in (None, self.comm):
            # MPICH has about 2,000 communicators at a time.
            self.computing.Free()
        if failure is not None:
            failure.agreed = True
            raise failure
        return value
