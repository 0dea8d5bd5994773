"""Bursts of messages inside and outside a container by turns, and their ratios."""

from __future__ import annotations

import contextlib
import math
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from hpcpy.core.errors import IntegrityError
from measure.arrangements import Arrangement, Places
from measure.intervals import Interval, mean_ratio
from measure.ranks import Ranks, started

T = TypeVar("T")

# A burst of longer ones takes longer than a busy machine leaves two processes undisturbed.
SIZES = (8, 1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20)
# Up to here a message's time is mostly its latency, above it mostly its bytes' transfer.
_SHORT = 1 << 14
GROUPS = {
    "latency": tuple(size for size in SIZES if size <= _SHORT),
    "bandwidth": tuple(size for size in SIZES if size > _SHORT),
    "all": SIZES,
}
# One more than `mean_ratio` needs for an interval.
LEAST = 6
# A launch has at most so many rounds, and fewer on a busy machine: another
# launch tells more than another round.
_ROUNDS, _FEWEST = 30, 5
_SECONDS = 0.6
# A burst is over within a millisecond, before the kernel takes the core away.
_BURST_BYTES = 8 << 20
_FEWEST_MESSAGES, _MOST_MESSAGES = 5, 400
_PLACES = ("outside", "inside")


@dataclass
class Overhead:
    """What was measured of one arrangement, by size: a value a launch.

    A launch is two ranks outside and two inside, started anew.

    Attributes
    ----------
    arrangement
        How they are started.
    outside, inside
        Seconds of a message: the median of the launch's bursts.
    ratios
        Inside by outside: the median of the launch's pairs of bursts.
    library
        The MPI library of all: its version and SHA-256.
    """

    arrangement: Arrangement
    outside: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    inside: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    ratios: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    library: dict[str, str] = field(default_factory=dict)

    @property
    def launches(self) -> int:
        """How many there were."""
        return len(self.ratios[SIZES[0]])

    def interval(self, sizes: Sequence[int]) -> Interval:
        """Return the geometric mean over the launches and over some sizes.

        Sizes of one launch vary together: each launch counts as one value, the
        mean of its sizes.
        """
        by_launch = zip(*(self.ratios[size] for size in sizes), strict=True)
        return mean_ratio([statistics.fmean(map(math.log, ratios)) for ratios in by_launch])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, with its intervals."""
        named = {str(size): (size,) for size in SIZES} | GROUPS
        intervals = {name: asdict(self.interval(sizes)) for name, sizes in named.items()}
        return {**asdict(self), "intervals": intervals}


def measure(
    arrangement: Arrangement,
    places: Places,
    enough: Callable[[Overhead], bool],
    order: random.Random | None = None,
) -> Overhead:
    """Launch ranks at both places and take turns, until it is enough.

    Parameters
    ----------
    arrangement
        How they are started.
    places
        Where.
    enough
        Asked before each launch; fewer than `LEAST` give no interval.
    order
        Draws which place and which size come first.
    """
    order = order or random.Random(time.time_ns())  # noqa: S311 - nothing is secret
    starts = dict(zip(_PLACES, places.starts(arrangement), strict=True))
    found = Overhead(arrangement)
    while not enough(found):
        with contextlib.ExitStack() as stack:
            pair = {
                name: stack.enter_context(started(name, starts[name], places.work))
                for name in _shuffled(_PLACES, order)
            }
            found.library = _same_library(pair.values())
            _launch(pair, found, arrangement.slower, order)
    return found


def _launch(pair: dict[str, Ranks], found: Overhead, slower: int, order: random.Random) -> None:
    times = {size: _messages(size, slower) for size in SIZES}
    for size in SIZES:
        for name in _PLACES:
            pair[name].burst(size, max(1, times[size] // 10), check=True)
    taken: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    end = time.monotonic() + _SECONDS
    for turn in range(_ROUNDS):
        if turn >= _FEWEST and time.monotonic() > end:
            break
        for size in _shuffled(SIZES, order):
            # Neighbours in time: what else the machine does disturbs both.
            taken[size].append(
                {name: pair[name].burst(size, times[size]) for name in _shuffled(_PLACES, order)}
            )
    for size, rounds in taken.items():
        # The clock counts nanoseconds.
        found.outside[size].append(round(statistics.median(one["outside"] for one in rounds), 9))
        found.inside[size].append(round(statistics.median(one["inside"] for one in rounds), 9))
        ratio = statistics.median(one["inside"] / one["outside"] for one in rounds)
        found.ratios[size].append(round(ratio, 5))


def _messages(size: int, slower: int) -> int:
    most = min(_MOST_MESSAGES, _BURST_BYTES // size) // slower
    return max(_FEWEST_MESSAGES, most)


def _same_library(ranks: Iterable[Ranks]) -> dict[str, str]:
    libraries = [library for one in ranks for library in one.libraries]
    if len({library["sha256"] for library in libraries}) > 1:
        names = sorted({library["file"] for library in libraries})
        raise IntegrityError(f"inside and outside have different MPI libraries: {', '.join(names)}")
    return libraries[0]


def _shuffled(values: Sequence[T], order: random.Random) -> list[T]:
    return order.sample(values, len(values))
