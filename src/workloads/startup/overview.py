"""All cases side by side: counts and times, calls by kind, the slowest imports."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workloads.bench.result import Result, render
from workloads.startup.calls import KINDS

_BARS = 12


def _milliseconds(key: str) -> Callable[[Result], str]:
    return lambda each: f"{1e3 * statistics.median(details[key] for details in each.details):,.1f}"


def _count(key: str) -> Callable[[Result], str]:
    return lambda each: f"{each.details[-1][key]:,}"


# Technique, head of the column, its cells.
_COLUMNS: tuple[tuple[str, str, Callable[[Result], str]], ...] = (
    ("spawn", "wall, ms", _milliseconds("wall")),
    ("spawn", "CPU, ms", _milliseconds("cpu")),
    ("spawn-many", "starts/s", lambda each: f"{each.rate:,.1f}"),
    ("importtime", "imports", _count("modules")),
    ("importtime", "imports, ms", _milliseconds("import_seconds")),
    ("strace", "path calls", _count("path_calls")),
    ("strace", "off-node", _count("off_node")),
    ("strace", "opened", _count("opens")),
    ("strace", "off-node MB", lambda each: f"{each.details[-1]['bytes_read'] / 1e6:,.2f}"),
)


class Overview:
    """What a start costs, by case."""

    def table(self, results: Sequence[Result]) -> str:
        """Return the tables; a column that nothing was measured for is left out."""
        times = max(len(result.samples) for result in results)
        many = f"{times} starts, times are medians" if times > 1 else "one start"
        parts = [_titled(f"startup: of each {many}", _main(results))]
        if counted := [result for result in results if result.impl == "strace"]:
            by_kind = [(result.problem, result.details[-1]["kinds"]) for result in counted]
            rows = [[name, *(f"{kinds[kind]:,}" for kind in KINDS)] for name, kinds in by_kind]
            parts.append(_titled("system calls by kind", [["start", *KINDS], *rows]))
        if imported := [result for result in results if result.impl == "importtime"]:
            most = max(imported, key=lambda each: each.details[-1]["modules"])
            rows = [[name, f"{took * 1e3:,.2f}"] for name, took in _fastest(most)["slowest"]]
            title = f"the slowest imports of {most.problem}, without those within"
            parts.append(_titled(title, [["import", "ms"], *rows]))
        return "\n".join(parts)

    def chart(self, path: Path, results: Sequence[Result]) -> None:
        """Draw each case's imports in ms; without `importtime` the starts a second."""
        from workloads.bench import plot  # noqa: PLC0415

        imported = [result for result in results if result.impl == "importtime"]
        if imported:
            times = {result.problem: _longest(_fastest(result)["whole"]) for result in imported}
            title = plot.measured_here("Imports, with all they import")
            plot.number_chart(path, title, "ms", times)
            return
        rates: dict[str, dict[str, float]] = {}
        for result in results:
            many = f" × {result.workers}" if result.workers > 1 else ""
            rates.setdefault(result.problem, {})[f"{result.impl}{many}"] = result.rate
        plot.number_chart(path, plot.measured_here("Starts of Python"), "starts/s", rates)


def _main(results: Sequence[Result]) -> list[list[str]]:
    columns = [each for each in _COLUMNS if any(result.impl == each[0] for result in results)]
    # With --scale there is a row for each number of starts at once.
    is_scaled = len({result.workers for result in results if result.impl == "spawn-many"}) > 1
    rows: dict[str, dict[str, Result]] = {}
    for result in results:
        name = f"{result.problem} × {result.workers}" if is_scaled else result.problem
        rows.setdefault(name, {})[result.impl] = result
    lines = [["start", *(head for _, head, _ in columns)]]
    for name, row in rows.items():
        lines.append(
            [name, *(cell(row[impl]) if impl in row else "–" for impl, _, cell in columns)]
        )
    return lines


def _longest(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the milliseconds of the imports that took longest."""
    longest = sorted(seconds, key=lambda name: seconds[name])[-_BARS:]
    return {name: 1e3 * seconds[name] for name in longest}


def _fastest(result: Result) -> Mapping[str, Any]:
    """Return the repetition with the least time of imports."""
    return min(result.details, key=lambda details: details["import_seconds"])


def _titled(title: str, lines: Sequence[Sequence[str]]) -> str:
    # The last column is empty: `render` aligns it to the left, for words.
    return f"{title}\n{render([[*line, ''] for line in lines])}\n"
