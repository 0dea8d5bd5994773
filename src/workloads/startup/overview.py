"""All cases side by side: a table of counts and times, one of kinds, the slowest imports."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from workloads.bench.result import Result, render
from workloads.startup.syscalls import KINDS

Details: TypeAlias = Mapping[str, Any]

_SLOWEST = 15
_FOLDERS = 10
_BARS = 12


class Overview:
    """What a start costs, by case."""

    def table(self, results: Sequence[Result]) -> str:
        """Return the tables; a column that nothing was measured for is left out."""
        parts = [f"startup: of each {_repeats(results)}\n{_main(results)}\n"]
        if any(result.impl == "ptrace" for result in results):
            parts.append(f"system calls by kind\n{_kinds(results)}\n")
            parts.append(_folders(results))
        many = [result for result in results if result.impl == "spawn-many"]
        if len({result.workers for result in many}) > 1:
            parts.append(f"starts at once\n{_at_once(many)}\n")
        if slow := _slowest(results):
            parts.append(slow + "\n")
        return "\n".join([*parts, *_verdicts(results)])

    def chart(self, path: Path, results: Sequence[Result]) -> None:
        """Draw each case's imports in ms, a panel a case; without `importtime` the rates."""
        from workloads.bench import plot  # noqa: PLC0415

        panels = []
        for result in results:
            if result.impl == "importtime":
                whole = _best(result, "import_seconds")["whole"]
                panels.append((result.problem, {k: v * 1e3 for k, v in whole.items()}))
        if panels:
            plot.bars(path, "Imports, with all they import", "ms", panels, _BARS)
        else:
            plot.bar_chart(path, "Starts of Python", "M starts/s", results)


def _best(result: Result, key: str) -> Details:
    """Return the repetition that has the least of something."""
    return min(result.details, key=lambda details: details[key])


def _repeats(results: Sequence[Result]) -> str:
    times = max(len(result.samples) for result in results)
    return "one start" if times == 1 else f"{times} starts, times are medians, imports the fastest"


def _median(key: str) -> Callable[[Result], str]:
    def show(result: Result) -> str:
        return f"{statistics.median(details[key] for details in result.details) * 1e3:,.1f}"

    return show


def _count(key: str) -> Callable[[Result], str]:
    return lambda result: f"{result.details[-1][key]:,}"


def _megabytes(key: str) -> Callable[[Result], str]:
    def show(result: Result) -> str:
        count = result.details[-1][key]
        return "–" if count is None else f"{count / 1e6:,.2f}"

    return show


def _a_second(result: Result) -> str:
    return f"{result.rate:,.1f}"


# Head, technique, what is in the column.
_COLUMNS: tuple[tuple[str, str, Callable[[Result], str]], ...] = (
    ("wall, ms", "spawn", _median("wall")),
    ("CPU, ms", "spawn", _median("cpu")),
    ("MB read", "spawn", _megabytes("bytes_read")),
    ("starts/s", "spawn-many", _a_second),
    ("imports", "importtime", _count("modules")),
    (
        "imports, ms",
        "importtime",
        lambda r: f"{_best(r, 'import_seconds')['import_seconds'] * 1e3:,.1f}",
    ),
    ("calls", "ptrace", _count("calls")),
    ("path calls", "ptrace", _count("path_calls")),
    ("off-node", "ptrace", _count("off_node")),
    ("getdents", "ptrace", _count("getdents")),
    ("opened", "ptrace", _count("opens")),
    ("off-node MB", "ptrace", _megabytes("bytes_read")),
    ("processes", "ptrace", _count("processes")),
    ("threads", "ptrace", _count("threads")),
)


def _main(results: Sequence[Result]) -> str:
    # With --scale the last result is shown, which has the most workers.
    found = {(result.problem, result.impl): result for result in results}
    there = {impl for _, impl in found}
    columns = [column for column in _COLUMNS if column[1] in there]
    lines = [["start", *(head for head, *_ in columns), ""]]
    for case in dict.fromkeys(result.problem for result in results):
        cells = [_cell(found.get((case, impl)), show) for _, impl, show in columns]
        lines.append([case, *cells, ""])
    return render(lines)


def _cell(result: Result | None, show: Callable[[Result], str]) -> str:
    return "–" if result is None else show(result)


def _kinds(results: Sequence[Result]) -> str:
    lines = [["start", *KINDS, "rest", ""]]
    for result in results:
        if result.impl == "ptrace":
            found: Details = result.details[-1]
            counts = [found["kinds"][kind] for kind in KINDS]
            rest = found["calls"] - sum(counts)
            lines.append([result.problem, *(f"{count:,}" for count in (*counts, rest)), ""])
    return render(lines)


def _folders(results: Sequence[Result]) -> str:
    """Return where the off-node path calls of one case go."""
    found = [result for result in results if result.impl == "ptrace"]
    result = max(found, key=lambda each: each.details[-1]["off_node"])
    lines = [["folder", "calls", "found nothing", ""]]
    for folder, count, missed in result.details[-1]["folders"][:_FOLDERS]:
        lines.append([folder, f"{count:,}", f"{missed:,}", ""])
    return f"where the off-node path calls of {result.problem} go\n{render(lines)}\n"


def _at_once(results: Sequence[Result]) -> str:
    lines = [["start", "at once", "all, ms", "starts/s", "CPU each, ms", ""]]
    for one in results:
        shown = [_median(key)(one) for key in ("wall", "cpu")]
        lines.append([one.problem, str(one.workers), shown[0], _a_second(one), shown[1], ""])
    return render(lines)


def _slowest(results: Sequence[Result]) -> str:
    """Return the slowest imports of the case that imports the most."""
    found = [result for result in results if result.impl == "importtime"]
    if not found:
        return ""
    result = max(found, key=lambda each: each.details[-1]["modules"])
    best = _best(result, "import_seconds")
    lines = [["import", "ms", ""]]
    lines += [[name, f"{own * 1e3:,.2f}", ""] for name, own in best["slowest"][:_SLOWEST]]
    title = f"the slowest imports of {result.problem}, without those within"
    return f"{title}\n{render(lines)}"


def _verdicts(results: Sequence[Result]) -> list[str]:
    """Return each technique's verdicts, a line if it has one for all cases."""
    lines = []
    for name in dict.fromkeys(result.impl for result in results):
        said: dict[str, list[str]] = {}
        for result in results:
            if result.impl == name:
                said.setdefault(result.verdict, []).append(result.problem)
        for verdict, cases in said.items():
            which = "" if len(said) == 1 else f" ({', '.join(cases)})"
            lines.append(f"  {name}{which}: {verdict}")
    return lines
