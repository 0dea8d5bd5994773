"""All cases side by side: counts and times, calls by kind, the slowest imports."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workloads.bench.result import Result, render
from workloads.startup.calls import KINDS

_FOLDERS, _BARS = 10, 12
# Technique, key of its details, head of the column.
_COLUMNS = (
    ("spawn", "wall", "wall, ms"),
    ("spawn", "cpu", "CPU, ms"),
    ("spawn", "bytes_read", "MB read"),
    ("spawn-many", "rate", "starts/s"),
    ("importtime", "modules", "imports"),
    ("importtime", "import_seconds", "imports, ms"),
    ("ptrace", "calls", "calls"),
    ("ptrace", "path_calls", "path calls"),
    ("ptrace", "off_node", "off-node"),
    ("ptrace", "getdents", "getdents"),
    ("ptrace", "opens", "opened"),
    ("ptrace", "bytes_read", "off-node MB"),
    ("ptrace", "processes", "processes"),
    ("ptrace", "threads", "threads"),
)


class Overview:
    """What a start costs, by case."""

    def table(self, results: Sequence[Result]) -> str:
        """Return the tables; a column that nothing was measured for is left out."""
        times = max(len(result.samples) for result in results)
        many = f"{times} starts, times are medians, imports the fastest"
        parts = [f"startup: of each {many if times > 1 else 'one start'}\n{_main(results)}\n"]
        if counted := [result for result in results if result.impl == "ptrace"]:
            parts += [_kinds(counted), _folders(counted)]
        at_once = [result for result in results if result.impl == "spawn-many"]
        if len({result.workers for result in at_once}) > 1:
            parts.append(_at_once(at_once))
        if imported := [result for result in results if result.impl == "importtime"]:
            parts.append(_slowest(imported))
        verdicts = dict.fromkeys(f"  {result.impl}: {result.verdict}" for result in results)
        return "\n".join([*parts, *verdicts])

    def chart(self, path: Path, results: Sequence[Result]) -> None:
        """Draw each case's imports in ms, a panel a case; without `importtime` the rates."""
        from workloads.bench import plot  # noqa: PLC0415

        panels = [
            (result.problem, {name: 1e3 * took for name, took in _fastest(result)["whole"].items()})
            for result in results
            if result.impl == "importtime"
        ]
        if panels:
            plot.bars(path, "Imports, with all they import", "ms", panels, _BARS)
        else:
            plot.bar_chart(path, "Starts of Python", "M starts/s", results)


def _main(results: Sequence[Result]) -> str:
    # With --scale the last result is shown, which has the most workers.
    results_by = {(result.problem, result.impl): result for result in results}
    columns = [column for column in _COLUMNS if any(column[0] == impl for _, impl in results_by)]
    lines = [["start", *(head for *_, head in columns), ""]]
    for case in dict.fromkeys(result.problem for result in results):
        cells = [_cell(results_by.get((case, impl)), key) for impl, key, _ in columns]
        lines.append([case, *cells, ""])
    return render(lines)


def _cell(result: Result | None, key: str) -> str:
    if result is None:
        return "–"
    if key == "rate":
        return f"{result.rate:,.1f}"
    if key in ("wall", "cpu"):
        return f"{1e3 * statistics.median(details[key] for details in result.details):,.1f}"
    if key == "import_seconds":
        return f"{1e3 * _fastest(result)[key]:,.1f}"
    value = result.details[-1].get(key)
    if value is None:
        return "–"
    return f"{value / 1e6:,.2f}" if key == "bytes_read" else f"{value:,}"


def _fastest(result: Result) -> Mapping[str, Any]:
    """Return the repetition with the least time of imports."""
    return min(result.details, key=lambda details: details["import_seconds"])


def _kinds(results: Sequence[Result]) -> str:
    lines = [["start", *KINDS, "rest", ""]]
    for result in results:
        details = result.details[-1]
        counts = [details["kinds"][kind] for kind in KINDS]
        rest = details["calls"] - sum(counts)
        lines.append([result.problem, *(f"{count:,}" for count in (*counts, rest)), ""])
    return f"system calls by kind\n{render(lines)}\n"


def _folders(results: Sequence[Result]) -> str:
    result = max(results, key=lambda each: each.details[-1]["off_node"])
    lines = [["folder", "calls", "found nothing", ""]]
    for folder, count, missed in result.details[-1]["folders"][:_FOLDERS]:
        lines.append([folder, f"{count:,}", f"{missed:,}", ""])
    return f"where the off-node path calls of {result.problem} go\n{render(lines)}\n"


def _at_once(results: Sequence[Result]) -> str:
    lines = [["start", "at once", "all, ms", "starts/s", "CPU each, ms", ""]]
    for each in results:
        cells = [_cell(each, key) for key in ("wall", "rate", "cpu")]
        lines.append([each.problem, str(each.workers), *cells, ""])
    return f"starts at once\n{render(lines)}\n"


def _slowest(results: Sequence[Result]) -> str:
    result = max(results, key=lambda each: each.details[-1]["modules"])
    lines = [["import", "ms", ""]]
    for name, took in _fastest(result)["slowest"]:
        lines.append([name, f"{took * 1e3:,.2f}", ""])
    return f"the slowest imports of {result.problem}, without those within\n{render(lines)}\n"
