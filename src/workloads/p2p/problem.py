"""Messages of one size, to and fro between the first rank and the last: timed and checked."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workloads.bench.workload import Outcome
from workloads.p2p.messages import check, in_words, message
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial


def peer(rank: int, size: int) -> int:
    """Return whom a rank sends to and receives from; a rank between only waits, and gets itself."""
    return {0: size - 1, size - 1: 0}.get(rank, rank)


@dataclass(frozen=True)
class Messages:
    """Messages of `size` bytes, and how many of them are timed."""

    size: int
    times: int
    task = "p2p"

    @property
    def name(self) -> str:
        return f"ping-pong {in_words(self.size)}"

    @property
    def title(self) -> str:
        return f"p2p: {self.name}"

    def parameters(self) -> Mapping[str, object]:
        return vars(self)

    def prepare(self, _: Sequence[str]) -> None:
        pass

    def attempt(self, trial: Trial) -> _Attempt:
        return _Attempt(self, trial)

    def remarks(self, _: Sequence[Result]) -> list[str]:
        return []  # the overview says it all


class _Attempt:
    """One technique with messages of one size."""

    def __init__(self, messages: Messages, trial: Trial) -> None:
        self._messages, self._trial, self._comm = messages, trial, trial.workers.comm
        self._peer = peer(self._comm.rank, self._comm.size)
        out = message(self._comm.rank, messages.size)
        self._channel = trial.compute(self._comm, out, self._peer)

    def warm_up(self) -> None:
        """Send a tenth of them, so that connections are made and buffers registered."""
        self._send(-(-self._messages.times // 10))
        self._let_others_sleep()

    def once(self) -> Outcome:
        """Send all messages, and compare what has arrived."""
        trial, messages = self._trial, self._messages
        self._channel.clear()
        with trial.clock():
            seconds = self._send(messages.times)
        self._let_others_sleep()
        right, answer, verdict = self._compare(self._channel.arrived())
        details = {
            "bytes": messages.size,
            # Half a round trip. The clock counts nanoseconds.
            "median": round(statistics.median(seconds or [0.0]) / 2, 9),
            "least": round(min(seconds, default=0.0) / 2, 9),
        }
        work = messages.size * messages.times * 2
        return Outcome(trial.seconds, work, answer, right, verdict, details=details)

    def _send(self, times: int) -> list[float]:
        """Send messages to and fro; return the seconds of each round trip."""
        channel, rank = self._channel, self._comm.rank
        seconds = []
        for _ in range(0 if self._peer == rank else times):
            began = time.perf_counter()
            if rank == 0:
                channel.send()
                channel.receive()
            else:
                channel.receive()
                channel.send()
            seconds.append(time.perf_counter() - began)
        return seconds

    def _let_others_sleep(self) -> None:
        # In a barrier they would poll, and take cores from the two ranks that send.
        if self._comm.size > 2:
            ranks.idle_barrier(self._comm)

    def _compare(self, received: Any) -> tuple[bool, str, str]:
        rank, digest = self._comm.rank, hashlib.sha256(received).hexdigest()
        found = self._comm.gather((rank, self._peer, digest) if self._peer != rank else None)
        # Only the first rank has all digests to judge.
        return check([*filter(None, found)], self._messages.size) if found else (True, "", "")
