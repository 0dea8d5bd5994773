"""What each feature saves, alone and as the last one, from samples of all variants."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from measure.samples import Samples
from measure.variants import ALL, PLAIN, alone, without

TIMED = ("pass", "numpy", "core", "core + kernel")
COUNTED = ("pass", "core script", "core + kernel")
_CORE = "core"
_CONFIDENCE = 0.95
# For a difference that the samples cannot tell from zero.
_NOTHING = "–"
_HEAD = """\
| feature | CPU, alone | CPU, last in | path calls, alone | last in | resident | private | SIF |
|---|--:|--:|--:|--:|--:|--:|--:|
"""


@dataclass(frozen=True)
class Worth:
    """What a feature saves; negative where it costs.

    Attributes
    ----------
    feature
        Its name.
    saved
        Case -> seconds of processor time, one a round: each round has both variants.
    path_calls
        Case -> path calls.
    resident, private
        Bytes of core's process.
    sif
        Bytes of the image's file.
    """

    feature: str
    saved: Mapping[str, Sequence[float]]
    path_calls: Mapping[str, int]
    resident: float
    private: float
    sif: int


def worth(
    feature: str,
    slower: Mapping[str, Samples],
    faster: Mapping[str, Samples],
    sif: tuple[int, int],
) -> Worth:
    """Return what a feature saves.

    Parameters
    ----------
    feature
        Its name.
    slower, faster
        Case -> samples without and with it, of the same rounds.
    sif
        Bytes of the parts with features in the image, without and with it.
    """
    before, after = slower[_CORE], faster[_CORE]
    return Worth(
        feature,
        {
            case: [a - b for a, b in zip(slower[case].cpu, faster[case].cpu, strict=True)]
            for case in TIMED
        },
        {
            case: slower[case].counts["path_calls"] - faster[case].counts["path_calls"]
            for case in COUNTED
        },
        _memory(before, "most") - _memory(after, "most"),
        _memory(before, "private") - _memory(after, "private"),
        sif[0] - sif[1],
    )


def both(
    features: Sequence[str], starts: Sequence[Samples], sifs: Mapping[str, int]
) -> tuple[list[Worth], list[Worth]]:
    """Return the worth of all features: added to the plain image, and as the last.

    Parameters
    ----------
    features
        Their names.
    starts
        Samples of all variants; `Samples.image` is the variant's name.
    sifs
        Variant -> bytes of the parts with features.
    """
    found: dict[str, dict[str, Samples]] = {}
    for start in starts:
        found.setdefault(start.image, {})[start.case] = start

    def between(feature: str, slower: str, faster: str) -> Worth:
        return worth(feature, found[slower], found[faster], (sifs[slower], sifs[faster]))

    return (
        [between(name, PLAIN, alone(name)) for name in features],
        [between(name, without(name), ALL) for name in features],
    )


def table(alone: Sequence[Worth], last: Sequence[Worth]) -> str:
    """Return what `both` gives as a table in Markdown, a feature a row.

    Milliseconds of the cases in `TIMED`, path calls of those in `COUNTED`; megabytes
    alone and as the last.
    """
    rows = []
    for pair in zip(alone, last, strict=True):
        sizes = (
            [one.resident for one in pair],
            [one.private for one in pair],
            [one.sif for one in pair],
        )
        cells = [
            f"`{pair[0].feature}`",
            *("/".join(_milliseconds(one.saved[case]) for case in TIMED) for one in pair),
            *("/".join(_number(one.path_calls[case]) for case in COUNTED) for one in pair),
            *("/".join(_number(round(size / 1e6, 1)) for size in two) for two in sizes),
        ]
        rows.append(f"| {' | '.join(cells)} |\n")
    return _HEAD + "".join(rows)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median of all possible values.

    By the order of the values alone (the sign test's interval): a few rounds that the
    machine disturbed do not widen it.

    Raises
    ------
    ValueError
        For fewer than six: they cannot be so sure.
    """
    ordered, count = sorted(values), len(values)
    outside, cut = 0.0, -1
    while (outside := outside + 2 * math.comb(count, cut + 1) / 2**count) <= 1 - _CONFIDENCE:
        cut += 1
    if cut < 0:
        raise ValueError(f"{count} values give no interval")
    return ordered[cut], ordered[-1 - cut]


def _memory(start: Samples, key: str) -> float:
    return statistics.median(one[key] for one in start.memory)


def _milliseconds(seconds: Sequence[float]) -> str:
    low, high = interval(seconds)
    if low <= 0 <= high:
        return _NOTHING
    value = statistics.median(seconds) * 1e3
    return _number(round(value, 1) if abs(value) < 10 else round(value))


def _number(value: float) -> str:
    return f"{value:,}".replace("-", "−") if value else "0"
