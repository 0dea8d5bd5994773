"""Messages of one size in one pattern: opened, timed, checked."""

from __future__ import annotations

import contextlib
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from workloads.bench import machine
from workloads.bench.workload import Outcome
from workloads.errors import UsageError
from workloads.p2p.sizes import in_words
from workloads.parallel import launchers, ranks

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial
    from workloads.p2p.channel import Channel
    from workloads.parallel.workers import Workers

# By default about this many bytes are sent, in at least and at most so many messages.
_BYTES = 64 << 20
_LEAST, _MOST = 16, 1000
# The divisor where ranks share a core: they wait for their turns, milliseconds a message.
_CROWDED = 10
# Of a message in memory: sent, received, and up to three that MPI and pickle make.
_COPIES = 5


@dataclass(frozen=True)
class Messages:
    """Messages of one size.

    Parameters
    ----------
    pattern
        One of `workloads.p2p.patterns`.
    size
        Bytes of each message.
    times
        How many messages are timed.
    warm_up
        How many are sent before those.
    """

    pattern: str
    size: int
    times: int
    warm_up: int

    task: ClassVar[str] = "p2p"

    @property
    def name(self) -> str:
        """Pattern and size."""
        return f"{self.pattern} {in_words(self.size)}"

    @property
    def title(self) -> str:
        """The line above a table."""
        return f"p2p: {self.name}"

    def parameters(self) -> Mapping[str, object]:
        """Return all that was asked for."""
        return vars(self)

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse messages that the memory of the first rank's node does not hold.

        Raises
        ------
        UsageError
            On every rank.
        """
        here = _on_this_node()
        # A rank that alone came to another conclusion would leave the others waiting.
        need, there = ranks.world().bcast((_COPIES * self.size * here, machine.available_memory()))
        if there and need > there:
            raise UsageError(
                f"--sizes {self.size} needs {need / 2**30:,.1f} GiB of memory for "
                f"{here} {'rank' if here == 1 else 'ranks'}, {there / 2**30:,.1f} are available"
            )
        return ""

    def attempt(self, trial: Trial) -> _Attempt:
        """Return what a technique does."""
        return _Attempt(self, trial)

    def finish(self, result: Result) -> None:
        """Say that all of it was done."""
        result.total = result.work

    def remarks(self, _: Sequence[Result]) -> list[str]:
        """Return nothing: the overview says it all."""
        return []


def how_often(size: int) -> int:
    """Return how many messages of a size are timed without ``--times``."""
    times = min(_MOST, max(_LEAST, _BYTES // size))
    # The cores of the whole node: a rank may be bound to one of them.
    crowded = _on_this_node() > (os.cpu_count() or 1)
    return max(_LEAST // 2, times // _CROWDED) if crowded else times


def _on_this_node() -> int:
    """Return how many ranks share a node's cores and memory."""
    return launchers.ranks_on_node() or ranks.expected()


class _Attempt:
    """One technique with messages of one size."""

    def __init__(self, asked: Messages, trial: Trial) -> None:
        # Nodes may compute different defaults, and all ranks have to send as many.
        times, warm_up = trial.job.agree((asked.times, asked.warm_up))
        self._asked, self._trial = replace(asked, times=times, warm_up=warm_up), trial

    def warm_up(self) -> None:
        """Send a few messages, so that connections are made and buffers registered."""
        from workloads.p2p.patterns import PATTERNS  # noqa: PLC0415

        PATTERNS[self._asked.pattern](self._channel(), self._comm, self._asked.warm_up)
        self._let_others_sleep()

    def once(self) -> Outcome:
        """Send all messages, and compare what has arrived."""
        from workloads.p2p.patterns import PATTERNS  # noqa: PLC0415

        trial, asked, channel = self._trial, self._asked, self._channel()
        channel.forget()
        with trial.clock():
            seconds = PATTERNS[asked.pattern](channel, self._comm, asked.times)
        self._let_others_sleep()
        right, answer, verdict = self._compare(channel.arrived())
        details = {
            "pattern": asked.pattern,
            "bytes": asked.size,
            # The clock counts nanoseconds.
            "median": round(statistics.median(seconds or [0.0]), 9),
            "least": round(min(seconds, default=0.0), 9),
        }
        each = 2 if asked.pattern == "ping-pong" else self._comm.size
        sent = asked.size * asked.times * each
        return Outcome(trial.seconds, sent, answer, right, verdict, details=details)

    @property
    def _comm(self) -> Any:
        return self._trial.workers.comm

    def _channel(self) -> Channel:
        return self._trial.workers.hold(self._opened)

    @contextlib.contextmanager
    def _opened(self, workers: Workers) -> Iterator[Channel]:
        import numpy as np  # noqa: PLC0415

        from workloads.p2p.messages import message  # noqa: PLC0415

        # Writable, as a window must be.
        out = message(workers.comm.rank, self._asked.size).copy()
        channel: Channel = self._trial.module.Channel(workers.comm, out, np.zeros_like(out))
        yield channel
        # Not after a failure: close would wait for ever for the rank that failed.
        channel.close()

    def _let_others_sleep(self) -> None:
        # In a barrier they would poll, and take cores from the two ranks that send.
        if self._asked.pattern == "ping-pong" and self._comm.size > 2:
            ranks.idle_barrier(self._comm)

    def _compare(self, received: Any) -> tuple[bool, str, str]:
        from workloads.p2p.messages import check, digest  # noqa: PLC0415
        from workloads.p2p.patterns import sender  # noqa: PLC0415

        comm = self._comm
        source = sender(self._asked.pattern, comm.rank, comm.size)
        mine = None if source is None else (comm.rank, source, digest(received))
        every = comm.gather(mine)
        # Only the first rank has all digests to judge.
        if every is None:
            return True, "", ""
        return check([one for one in every if one is not None], self._asked.size)
