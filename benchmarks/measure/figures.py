"""Single figures of a report, by words: `startup core hpcpy path_calls`."""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from measure.records import Report, cold_starts, median, of_ranks, requests, row


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
    *case, name, column = words
    image, _, place = name.partition("@")
    start = row(report, case=" ".join(case), image=image, place=place or "container")
    if column in start["counts"]:
        return float(start["counts"][column])
    if column == "private":
        return median(sample[column] for sample in start["memory"]) / 1e6
    return median(start[column]) * 1e3


def _cold(report: Report, words: Sequence[str]) -> float:
    """Return the milliseconds of a start on a fresh mount, without `true`."""
    storage, case, image, column = words
    seconds, true = (
        median(row(report, storage=storage, case=name, image=image)[column])
        for name in (case, "true")
    )
    return (seconds - (true if case != "true" else 0.0)) * 1e3


def _storm(report: Report, words: Sequence[str]) -> float:
    """Return what a start of core, cold, took.

    Words: configuration, nodes x ranks, column: ``last``, seconds to the last rank; ``cpu``,
    processor seconds of a rank; ``requests``, or ``node``, those of one node; ``stored``, MB.
    """
    name, size, column = words
    if column == "stored":
        return float(report["bytes_on_disk"][name]) / 1e6
    nodes, ranks = map(int, size.split("x"))
    samples = cold_starts(report)[name][nodes, ranks]
    if column == "last":
        return median(sample["last"] for sample in samples)
    if column == "cpu":
        return of_ranks(samples, "cpu")
    return float(round(requests(samples) / nodes)) if column == "node" else requests(samples)


def _packed(report: Report, words: Sequence[str]) -> float:
    """Return a median of a packed start: program, its ranks, ms or `cached`, how, column."""
    *program, ranks, delay, how, column = words
    keys = {"program": " ".join(program), "ranks": int(ranks), "ahead": how == "ahead"}
    return median(row(report, **keys, delay=_seconds(delay))[column])


def _ahead(report: Report, words: Sequence[str]) -> float:
    """Return a median: the start's words, ms or `cached`, column."""
    *start, delay, column = words
    return median(row(report, start=" ".join(start), delay=_seconds(delay))[column])


def _seconds(delay: str) -> float | None:
    return None if delay == "cached" else float(delay) / 1e3


def _environments(report: Report, words: Sequence[str]) -> float:
    """Return what `pack` made of an environment: its name, column."""
    name, column = words
    return float(row(report, name=name)[column])


def _pool(report: Report, words: Sequence[str]) -> float:
    """Return the seconds until a pool's workers are ready: by method, workers and module."""
    method, workers, module = words
    pool = {"method": method, "workers": int(workers), "module": module}
    samples = [sample for sample in report["samples"] if pool.items() <= sample.items()]
    return median(sample["ready_s"] for sample in samples)


def _forecast(report: Report, words: Sequence[str]) -> float:
    """Return the model's seconds for so many ranks, or its error: ``py_conda median_error``.

    ``py_conda measured 5120`` is the median of the measured seconds for so many.
    """
    environment, column, *most = words
    if column == "measured":
        number = int(most[0])
        runs = [run for run in report["measured"] if run["environment"] == environment]
        return median(run["seconds"] for run in runs if run["ranks"] == number)
    if column.isdigit():
        model = report["model"]
        return float(model["seconds"][environment][model["ranks"].index(int(column))])
    errors = {curve["environment"]: curve["errors"] for curve in report["curves"]}
    # As benchmarks/forecast.py reads the storms.
    names = ("throttled", "ways")
    errors |= {name: storm["errors"] for name, storm in zip(names, report["storms"], strict=True)}
    return float(errors[environment][column.removesuffix("_error")]) * 100


def _technique(report: Report, words: Sequence[str]) -> float:
    """Return a technique's least or median milliseconds, or the microseconds of a message.

    A last word ``seconds`` asks for seconds.
    """
    in_seconds = words[-1] == "seconds"
    *problem, technique, column = words[:-1] if in_seconds else words
    milliseconds = of_row(row(report, problem=" ".join(problem), impl=technique), column)
    return milliseconds / 1e3 if in_seconds else milliseconds


def of_row(result: Mapping[str, Any], column: str) -> float:
    """Return a row's least or median milliseconds, or the microseconds of a message."""
    if column == "message":
        return float(min(size["median"] for size in result["details"])) * 1e6
    function = min if column == "least" else median
    # A sample of the image's rows stands for all.
    return float(function(result["samples"]) * result["total"] / result["work"]) * 1e3


def text(value: float, column: str = "") -> str:
    """Return a figure as a page writes it."""
    if column == "requests" or column.endswith("_error") or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


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
    "workload": _technique,
}
