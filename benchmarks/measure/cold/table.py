"""Starts on fresh mounts as tables in Markdown: wheels and hpcpy, medians."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from measure.cold.mounts import TITLES
from measure.cold.rounds import TRUE, Cold
from measure.cold.sample import CACHED, DROPPED, SLOW

WHEELS, HPCPY = "wheels", "hpcpy"
STORAGES = {
    CACHED: "in memory",
    DROPPED: "local disk",
    SLOW: "slow storage",
}
_TOUCHES = (
    "| start | blocks: wheels | hpcpy | files: wheels | hpcpy | read: wheels, MB | hpcpy, MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|"
)
_BURSTS = (
    "| image's file | start | of | 1st, ms | 2nd, ms | 16th, ms | read, MB |\n"
    "|---|---|---|--:|--:|--:|--:|"
)


# MPI adds some 20 ms: not worth its columns on the page.
_IN_JSON = "core + MPI"


def of_starts(found: Sequence[Cold]) -> str:
    """Return medians of wall time and of bytes read; that of `true` is subtracted."""
    by = {(one.mount, one.storage, one.case, one.image): one for one in found}
    cases = [case for case in dict.fromkeys(one.case for one in found) if case != _IN_JSON]
    starts = [case for case in cases if case != TRUE]
    head = [f"wall, ms: {TRUE}", *starts, f"read, MB: {starts[0]}", *starts[1:]]
    lines = []
    for way in dict.fromkeys(one.mount for one in found):
        lines += [f"**{TITLES[way]}**\n", _line(["image's file", "of", *head])]
        lines.append(f"|---|---|{'--:|' * len(head)}")
        for storage in dict.fromkeys(one.storage for one in found if one.mount == way):
            for image in (WHEELS, HPCPY):
                name = STORAGES[storage] if image == WHEELS else ""
                of = {case: by[way, storage, case, image] for case in cases}
                lines.append(_line([name, image, *_figures(of)]))
        lines.append("")
    return "\n".join(lines)


def of_processors(found: Sequence[Cold]) -> str:
    """Return medians of processor time by the first mount and storage, as `of_starts`."""
    ways = [one for one in found if (one.mount, one.storage) == (found[0].mount, found[0].storage)]
    by = {(one.case, one.image): one for one in ways}
    cases = [case for case in dict.fromkeys(one.case for one in ways) if case != _IN_JSON]
    lines = [_line(["CPU, ms", "of", *cases]), f"|---|---|{'--:|' * len(cases)}"]
    for name, key in (("programs", "user"), ("kernel", "kernel")):
        for image in (WHEELS, HPCPY):
            true, *rest = (getattr(by[case, image], key) for case in cases)
            times = [true, *(above(one, true) for one in rest)]
            title = name if image == WHEELS else ""
            lines.append(_line([title, image, *map(_milliseconds, times)]))
    return "\n".join(lines) + "\n"


def above(values: Sequence[float], true: Sequence[float]) -> list[float]:
    """Return what each sample took above the middle of `true`."""
    middle = statistics.median(true)
    return [value - middle for value in values]


def _figures(of: dict[str, Cold]) -> Iterator[str]:
    true = of[TRUE]
    starts = [one for case, one in of.items() if case != TRUE]
    yield _milliseconds(true.wall)
    yield from (_milliseconds(above(one.wall, true.wall)) for one in starts)
    for one in starts:
        if one.read:
            yield f"{statistics.median(above(one.read, true.read)) / 1e6:.1f}"


def of_touches(found: Sequence[dict[str, Any]]) -> str:
    """Return what each start touches, `true` included."""
    lines = [_TOUCHES]
    for case in dict.fromkeys(one["case"] for one in found if one["case"] != _IN_JSON):
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
        ends = [[wall[rank] for wall in one.wall] for rank in (0, 1, -1)]
        read = f"{statistics.median(one.read) / 1e6:.1f}" if one.read else ""
        lines.append(_line([*name, one.image, *map(_milliseconds, ends), read]))
    return "\n".join(lines) + "\n"


def _milliseconds(seconds: Sequence[float]) -> str:
    middle = statistics.median(seconds) * 1e3
    return f"{middle:,.{0 if middle >= 100 else 1}f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
