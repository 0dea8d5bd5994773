"""A forecast or a validation as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from workloads.bench.result import duration, render
from workloads.forecast.ways import WAYS

# Every second number of ranks has a row, and the last: 1, 4, 16, …
_EACH = 2


def number(count: int, noun: str) -> str:
    """Return a number of things in words: 1 rank, 2,000 ranks."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def forecast(made: dict[str, Any]) -> str:
    """Return the counts, what the probe found, and what the model makes of both."""
    counted, probed, model = made["counted"], made["probed"], made["model"]
    kind = probed["file_system"] or "a file system of unknown kind"
    lines = [
        f"forecast: {made['start']}",
        f"  counted: {number(counted['calls'], 'call')} with a path that may ask the file system, "
        f"{counted['own']:,} of them not for Python's own files; "
        f"{number(counted['opened'], 'opening')}, of {counted['file_bytes'] / 1e6:,.1f} MB; "
        f"{duration(counted['cpu'])} of processor time",
        f"  probed: {probed['folder']}, {kind}: {duration(probed['look_up'])} a look-up, "
        f"{duration(probed['opening'])} an opening, {probed['rate']:,.0f} look-ups a second by "
        f"{number(probed['threads'], 'thread')}, {probed['read'] / 1e6:,.0f} MB a second read; "
        f"it took {number(probed['operations'], 'call')}, {probed['size'] / 1e6:,.0f} MB and "
        f"{duration(probed['seconds'])}",
        "",
        f"seconds to the last rank, {number(model['per_node'], 'rank')} a node, "
        "every one the model's",
        _times(model),
        "",
        *(f"  {name}: {what}" for name, (_, what) in WAYS.items()),
        "",
        "the model was off where it was held against measurements (median, most):",
        *(
            f"  {what}: {median:.0%}, {most:.0%}"
            for what, (median, most) in model["errors"].items()
        ),
        *_remarks(made),
    ]
    return "\n".join(lines)


def _times(model: dict[str, Any]) -> str:
    lines = [["ranks", *model["seconds"], ""]]
    ranks = model["ranks"]
    for at, number in enumerate(ranks):
        if at % _EACH == 0 or at == len(ranks) - 1:
            cells = [f"{column[at]:,.3g}" if column[at] < 1000 else f"{column[at]:,.0f}"
                     for column in model["seconds"].values()]  # fmt: skip
            lines.append([f"{number:,}", *cells, ""])
    pays = ["never" if first is None else f"{first:,}" for first in model["pays_from"].values()]
    lines.append(["pays from", "–", *pays, ""])
    return render(lines)


def _remarks(made: dict[str, Any]) -> list[str]:
    model, probed = made["model"], made["probed"]
    found = ["by broadcast was held against no measurement"]
    if probed["file_system"] and not probed["shared"]:
        found.append(
            f"{probed['file_system']} is no shared file system that this knows: the forecast is "
            "of a shared one as fast; --probe FOLDER names another"
        )
    if not model["server_rate_given"]:
        found.append(
            "one node cannot find the most that the server does for all: where it does more than "
            "it did for this one, times of many ranks are too long; --server-rate takes its figure"
        )
    if model["file_system"]["storage"] is None:
        nodes = math.ceil(model["ranks"][-1] / model["per_node"])
        total = nodes * made["counted"]["file_bytes"] / 1e12
        found.append(
            f"no limit of the storage is in them: {nodes:,} nodes read {total:,.2g} TB at most as "
            "is, in a SIF and baked; --storage-rate adds that time"
        )
    return ["", *found]


def validation(made: dict[str, Any]) -> str:
    """Return the errors of all that the model was compared with, and the NIH's curves."""
    lines = [["held against", "free", "points", "median error", "largest", ""]]
    for one in made["curves"]:
        free = f"{one['think']:.2f} s alone, {one['demand'] * 1e3:.2f} ms of the server"
        lines.append([one["environment"], free, *_errors(one["errors"])])
        lines.append(["  above 80 nodes, by the others", "the same two", *_errors(one["beyond"])])
    for one in made["storms"]:
        free = ", ".join(f"{name} {value:.3g}" for name, value in one["free"].items()) or "nothing"
        lines.append([one["title"], free, *_errors(one["errors"])])
    parts = [render(lines)]
    if made["curves"]:
        model = made["model"]
        rows: list[Sequence[str]] = [["ranks", *model["seconds"], ""]]
        for at, number in enumerate(model["ranks"]):
            cells = [f"{column[at]:,.1f}" for column in model["seconds"].values()]
            rows.append([f"{number:,}", *cells, ""])
        title = f"seconds to the last rank, {model['per_node']} a node, every one the model's"
        parts += ["", title, render(rows)]
    return "\n".join(parts)


def _errors(one: dict[str, Any]) -> list[str]:
    return [f"{one['points']:,}", f"{one['median']:.0%}", f"{one['largest']:.0%}", ""]
