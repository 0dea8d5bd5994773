"""Single figures of a report, by words: `startup core hpcpy path_calls`."""

import datetime
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
_COUNTS = ("path_calls", "off_node", "getdents")


def of(report: Report, words: Sequence[str]) -> str:
    """Return the figure that the words name, as a page writes it; KeyError if there is none.

    A name with a stroke, ``hpcpy/wheels``, is a quotient; ``when`` is machine and date,
    ``load`` what else ran when it began.
    """
    if words == ["when"]:
        return _when(report)
    if words == ["load"]:
        return f"{report['load_average'][0]:.1f}"
    kind = report.get("benchmark") or "workload"
    for at, word in enumerate(words):
        if "/" in word:
            parts = [[*words[:at], part, *words[at + 1 :]] for part in word.split("/")]
            above, below = (_value(report, kind, part) for part in parts)
            return f"{above / below:.2f}"
    return text(_value(report, kind, words), words[-1])


def _value(report: Report, kind: str, words: Sequence[str]) -> float:
    if kind not in _KINDS:
        raise KeyError(f"a report of {kind} has no figures by name")
    return _KINDS[kind](report, words)


def _when(report: Report) -> str:
    """Return on what and when a report was measured, in parentheses."""
    machine = report["machine"]
    # Without trade marks, and without the numbers of its family, which the page of results has.
    processor = re.sub(r"\([^()]*\)| Processor", "", machine["processor"]).strip()
    day = datetime.date.fromisoformat(report["date"][:10])
    return f"({machine['cores']} cores of {processor}, {day:%-d %B %Y})"


def _build(report: Report, words: Sequence[str]) -> float:
    """Return the minutes that a first build took, or the MB or GB of a count of bytes."""
    column, unit = words
    return float(report[column]) / {"minutes": 60.0, "MB": 1e6, "GB": 1e9}[unit]


def _start(report: Report, words: Sequence[str]) -> float:
    """Return a count, or a median in milliseconds or MB, of a start in the container."""
    case, image, column = " ".join(words[:-2]), words[-2], words[-1]
    place = "container"
    if "@" in image:
        image, place = image.split("@")
    for row in report["results"]:
        if (row["case"], row["image"], row["place"]) == (case, image, place):
            if column in _COUNTS:
                return float(row["counts"][column])
            if column in ("private", "most"):
                return _median(each[column] for each in row["memory"]) / 1e6
            return _median(row[column]) * 1e3
    raise KeyError(f"no start {case} of {image}, {place}")


def _cold(report: Report, words: Sequence[str]) -> float:
    """Return the milliseconds of a start on a fresh mount, without `true`."""
    storage, case, image, column = words
    found = {
        row["case"]: row[column]
        for row in report["results"]
        if (row["storage"], row["image"]) == (storage, image)
    }
    true = 0.0 if case == "true" else _median(found["true"])
    return (_median(found[case]) - true) * 1e3


def _storm(report: Report, words: Sequence[str]) -> float:
    """Return what a start of core, cold, took.

    Words: configuration, nodes x ranks, column: ``last``, seconds to the last rank; ``cpu``,
    processor seconds of a rank; ``requests``, or ``node``, those of one node; ``stored``, MB.
    """
    name, size, column = words
    if column == "stored":
        return float(report["bytes_on_disk"][name]) / 1e6
    nodes, ranks = map(int, size.split("x"))
    keys = ("configuration", "program", "temperature", "nodes", "ranks")
    case = (name, "core", "cold", nodes, ranks)
    samples = [one for one in report["samples"] if tuple(one[key] for key in keys) == case]
    if column == "last":
        return _median(one["last"] for one in samples)
    if column == "cpu":
        return _median(cpu for one in samples for cpu in one["ranks_told"]["cpu"])
    packets = _median(sum(each["packets"] for each in one["asked"]) for one in samples)
    return float(round(packets / nodes)) if column == "node" else packets


def _packed(report: Report, words: Sequence[str]) -> float:
    """Return a median of a packed start: program, its ranks, ms or `cached`, how, column."""
    *program, ranks, delay, how, column = words
    seconds = None if delay == "cached" else float(delay) / 1e3
    case = (" ".join(program), int(ranks), seconds, how == "ahead")
    for row in report["results"]:
        if (row["program"], row["ranks"], row["delay"], row["ahead"]) == case:
            return _median(row[column])
    raise KeyError(f"no start {case}")


def _ahead(report: Report, words: Sequence[str]) -> float:
    """Return a median: the start's words, ms or `cached`, column."""
    *start, delay, column = words
    case = (" ".join(start), None if delay == "cached" else float(delay) / 1e3)
    for row in report["results"]:
        if (row["start"], row["delay"]) == case:
            return _median(row[column])
    raise KeyError(f"no start {case}")


def _environments(report: Report, words: Sequence[str]) -> float:
    """Return what `pack` made of an environment: its name, column."""
    name, column = words
    return float(next(row[column] for row in report["results"] if row["name"] == name))


def _pool(report: Report, words: Sequence[str]) -> float:
    """Return the seconds until a pool's workers are ready: by method, workers and module."""
    method, workers, module = words
    case = (method, int(workers), module)
    samples = report["samples"]
    return _median(
        one["ready_s"] for one in samples if (one["method"], one["workers"], one["module"]) == case
    )


def _forecast(report: Report, words: Sequence[str]) -> float:
    """Return the model's seconds for so many ranks, or its error: ``py_conda median_error``.

    ``py_conda measured 5120`` is the median of the measured seconds for so many.
    """
    environment, column, *most = words
    if column == "measured":
        number = int(most[0])
        runs = [one for one in report["measured"] if one["environment"] == environment]
        return _median(one["seconds"] for one in runs if one["ranks"] == number)
    if column.isdigit():
        model = report["model"]
        return float(model["seconds"][environment][model["ranks"].index(int(column))])
    errors = {one["environment"]: one["errors"] for one in report["curves"]}
    # As benchmarks/forecast.py reads the storms.
    names = ("throttled", "ways")
    errors |= {name: one["errors"] for name, one in zip(names, report["storms"], strict=True)}
    return float(errors[environment][column.removesuffix("_error")]) * 100


def _row(report: Report, words: Sequence[str]) -> float:
    """Return a technique's least or median milliseconds, or the microseconds of a message.

    A last word ``seconds`` asks for seconds.
    """
    in_seconds = words[-1] == "seconds"
    *problem, technique, column = words[:-1] if in_seconds else words
    for row in report["results"]:
        if (row["problem"], row["impl"]) == (" ".join(problem), technique):
            milliseconds = of_row(row, column)
            return milliseconds / 1e3 if in_seconds else milliseconds
    raise KeyError(f"no row {technique} of {problem}")


def of_row(row: Mapping[str, Any], column: str) -> float:
    """Return a row's least or median milliseconds, or the microseconds of a message."""
    if column == "message":
        return float(min(each["median"] for each in row["details"])) * 1e6
    function = min if column == "least" else _median
    # A sample of the image's rows stands for all.
    return float(function(row["samples"]) * row["total"] / row["work"]) * 1e3


def text(value: float, column: str = "") -> str:
    """Return a figure as a page writes it."""
    if column in (*_COUNTS, "requests") or column.endswith("_error") or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _median(values: Iterable[float]) -> float:
    return float(statistics.median(values))


_KINDS: dict[str, Callable[[Report, Sequence[str]], float]] = {
    "build": _build,
    "startup": _start,
    "bake": _start,
    "cold": _cold,
    "storm": _storm,
    "packed": _packed,
    "ahead": _ahead,
    "environments": _environments,
    "pools": _pool,
    "import-at-scale": _forecast,
    "workload": _row,
}
