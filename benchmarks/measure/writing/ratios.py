"""When is one file faster than many? Ratios of neighbours in time, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measure.intervals import Interval, mean_ratio
from measure.writing.rounds import Row

# Fewer rounds give no interval.
LEAST = 5
# How many times faster is the second one? Both have as many workers.
PAIRS = {
    "write": (
        ("npy", "hdf5"),
        ("npy", "hdf5-single"),
        ("mpi-scatter", "hdf5-parallel"),
        ("pool-apply", "multiprocessing"),
    ),
    "read": (("npy", "hdf5"), ("npy", "hdf5-single")),
}


@dataclass(frozen=True)
class Ratio:
    """How many times faster a technique is than another one at the same arrays and place.

    Attributes
    ----------
    place, workload, arrays, side
        Where and what.
    slower, faster
        The time of one by that of the other.
    interval
        The mean of all rounds.
    """

    place: str
    workload: str
    arrays: int
    side: int
    slower: str
    faster: str
    interval: Interval

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The ratio and between which two it lies."""
        low, high = _digits(self.interval.low), _digits(self.interval.high)
        return f"**{_digits(self.interval.ratio)}** ({low}–{high})"


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """Return all ratios of `PAIRS`, each a mean over the rounds."""
    return list(_ratios(rows))


def _ratios(rows: Sequence[Row]) -> Iterator[Ratio]:
    found = {(one.place, one.workload, one.arrays, one.side, one.technique): one for one in rows}
    for where in dict.fromkeys(key[:-1] for key in found):
        for pair in PAIRS[where[1]]:
            many, one = (found.get((*where, name)) for name in pair)
            if many is None or one is None:
                continue
            # Of one round: what else the machine does disturbs both.
            rounds = zip(many.seconds, one.seconds, strict=True)
            yield Ratio(*where, *pair, mean_ratio([math.log(a / b) for a, b in rounds]))


def table(found: Sequence[Ratio], names: Sequence[str]) -> str:
    """Return a table in Markdown: one HDF5 file against many `.npy` files, by size and place."""
    # The others are for the picture.
    shown = [one for one in found if (one.slower, one.faster) == PAIRS["read"][0]]
    cells = {(one.arrays, one.side, one.workload, one.place): one.words for one in shown}
    # "write" comes before "read".
    kinds = sorted({key[:-1] for key in cells}, key=lambda kind: (kind[:2], kind[2] == "read"))
    lines = [f"|arrays||{'|'.join(names)}|", f"|---|---|{'---|' * len(names)}"]
    before: tuple[int, int] | None = None
    for arrays, side, workload in kinds:
        size = f"{arrays:,} × {side}²" if before != (arrays, side) else ""
        values = "|".join(cells.get((arrays, side, workload, name), "–") for name in names)
        lines.append(f"|{size}|{workload}|{values}|")
        before = (arrays, side)
    return "\n".join(lines) + "\n"


def _digits(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
