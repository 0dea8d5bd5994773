"""``python -m workloads p2p``: messages to and fro between the first rank and the last."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpcpy_common import options, ranks
from hpcpy_common.errors import UsageError
from workloads.bench.workload import Outcome, Workload
from workloads.p2p.messages import DEFAULT, check, in_words, message, sizes
from workloads.p2p.overview import Overview
from workloads.p2p.registry import FASTEST, TECHNIQUES

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
        gathered = self._comm.gather((rank, self._peer, digest) if self._peer != rank else None)
        # Only the first rank has all digests to judge.
        return check([*filter(None, gathered)], self._messages.size) if gathered else (True, "", "")


def _add_options(group: argparse._ArgumentGroup) -> None:
    text = "bytes of a message, or with KiB or MiB (default: powers of two, 8 B … 4 MiB)"
    group.add_argument("--sizes", type=sizes, default=DEFAULT, metavar="N[,N…]", help=text)
    times, text = (
        options.whole_number(1, 10_000_000),
        "messages that are timed (default: 16 to 1000)",
    )
    group.add_argument("--times", type=times, metavar="N", help=text)


def _problems(args: argparse.Namespace) -> list[Messages]:
    if args.scale and min(args.scale) < 2:
        raise UsageError(f"--scale {min(args.scale)}: one rank has nobody to send to")
    return [
        # About 64 MiB in all, unless they are few or many.
        Messages(size, args.times or min(1000, max(16, (64 << 20) // size)))
        for size in args.sizes
    ]


WORKLOAD = Workload(
    name="p2p",
    description="Messages between the first and the last MPI rank: how long one takes and how "
    "many bytes a second go. What has arrived is compared with what was sent.",
    title="Point to point",
    rate="bytes a second",
    unit="MB/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=_Attempt,
    problems=_problems,
    baseline="mpi-lower",
    overview=Overview(),
)
