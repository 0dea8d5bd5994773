"""Starts on fresh mounts as tables in Markdown: wheels, hpcpy, and how many times less."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from hpcpy.measure.cold.mounts import TITLES
from hpcpy.measure.cold.rounds import TRUE, Cold
from hpcpy.measure.cold.sample import CACHED, DROPPED, SLOW

WHEELS, HPCPY = "wheels", "hpcpy"
STORAGES = {
    CACHED: "in the page cache",
    DROPPED: "on the local disk",
    SLOW: "200 MB/s, 1 ms a request",
}
_STARTS = (
    "| image's file | start | wall: wheels, ms | hpcpy, ms | ratio | CPU: wheels, ms | hpcpy, ms "
    "| read: wheels, MB | hpcpy, MB | ratio |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)
_TOUCHES = (
    "| start | blocks: wheels | hpcpy | files: wheels | hpcpy | read: wheels, MB | hpcpy, MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|"
)
_BURSTS = (
    "| image's file | start | of | 1st, ms | 2nd, ms | 16th, ms | CPU, ms | read, MB |\n"
    "|---|---|---|--:|--:|--:|--:|--:|"
)


def of_starts(found: Sequence[Cold]) -> str:
    """Return medians with the least and the most; the same of `true` is subtracted."""
    by = {(one.mount, one.storage, one.case, one.image): one for one in found}
    lines = []
    for way in dict.fromkeys(one.mount for one in found):
        lines += [f"**{TITLES[way]}**\n", _STARTS]
        for storage, case in dict.fromkeys((o.storage, o.case) for o in found if o.mount == way):
            pair = [by[way, storage, case, image] for image in (WHEELS, HPCPY)]
            true = [by[way, storage, TRUE, image] for image in (WHEELS, HPCPY)]
            lines.append(_row(storage, case, pair, true))
        lines.append("")
    return "\n".join(lines)


def above(values: Sequence[float], true: Sequence[float]) -> list[float]:
    """Return what each sample took above the middle of `true`."""
    middle = statistics.median(true)
    return [value - middle for value in values]


def _row(storage: str, case: str, pair: Sequence[Cold], true: Sequence[Cold]) -> str:
    is_true = case == TRUE
    cells = [STORAGES[storage] if is_true else "", case]

    def add(of: Callable[[Cold], Sequence[float]], factor: float, ratio: bool) -> None:
        both = [
            [*of(one)] if is_true else above(of(one), of(other))
            for one, other in zip(pair, true, strict=True)
        ]
        cells.extend(_spread([value * factor for value in one]) for one in both)
        if ratio:
            first, second = (statistics.median(one) if one else 0 for one in both)
            cells.append(f"**{second / first:.2f}**" if first > 0 and not is_true else "")

    add(lambda one: one.wall, 1e3, ratio=True)
    add(lambda one: one.cpu, 1e3, ratio=False)
    if storage == CACHED:
        cells += ["", "", ""]
    else:
        add(lambda one: one.read, 1e-6, ratio=True)
    return _line(cells)


def of_touches(found: Sequence[dict[str, Any]]) -> str:
    """Return what each start touches, `true` included."""
    lines = [_TOUCHES]
    for case in dict.fromkeys(one["case"] for one in found):
        pair = [
            next(one for one in found if (one["case"], one["image"]) == (case, image))
            for image in (WHEELS, HPCPY)
        ]
        counts = [f"{one[key]:,}" for key in ("blocks", "files") for one in pair]
        lines.append(_line([case, *counts, *(f"{one['read'] / 1e6:.1f}" for one in pair)]))
    return "\n".join(lines) + "\n"


def of_bursts(found: Sequence[Cold]) -> str:
    """Return when the ranks of a node had ended, nothing subtracted."""
    lines = [_BURSTS]
    for one in found:
        if not one.wall:
            continue
        name = [STORAGES[one.storage], f"**{one.case}**"] if one.image == WHEELS else ["", ""]
        ends = [[wall[rank] * 1e3 for wall in one.wall] for rank in (0, 1, -1)]
        read = f"{statistics.median(one.read) / 1e6:.1f}" if one.read else ""
        cpu = f"{statistics.median(one.cpu) * 1e3:,.0f}"
        lines.append(_line([*name, one.image, *(_spread(each) for each in ends), cpu, read]))
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle, least, most = (f(values) for f in (statistics.median, min, max))
    if most == least:
        return f"{middle:,.1f}"
    digits = 0 if middle >= 100 else 1
    return f"{middle:,.{digits}f} ({least:,.{digits}f}–{most:,.{digits}f})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
