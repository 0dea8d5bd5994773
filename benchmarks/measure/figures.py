"""Single figures of a report, by words: `startup core hpcpy path_calls`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
_COUNTS = ("path_calls", "off_node", "getdents")


def of(report: Report, words: Sequence[str]) -> str:
    """Return the figure that the words name, as a page writes it; KeyError if there is none.

    A name with a stroke, ``hpcpy/wheels``, is a quotient.
    """
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
    """Return a start on a fresh mount without `true`: milliseconds, or MB read."""
    storage, case, image, column = words
    found = {
        row["case"]: row[column]
        for row in report["results"]
        if (row["storage"], row["image"]) == (storage, image)
    }
    scale = 1e-6 if column == "read" else 1e3
    if case == "true":
        return _median(found[case]) * scale
    return (_median(found[case]) - _median(found["true"])) * scale


def _storm(report: Report, words: Sequence[str]) -> float:
    """Return seconds to the last rank, a rank's processor time, or requests, of core, cold.

    Words: configuration, nodes x ranks, column; ``further`` is a further rank's requests,
    ``node`` those of one node, ``stored`` the MB that lie on the file system.
    """
    name, size, column = words
    nodes, ranks = map(int, size.split("x"))
    found = {
        (one["nodes"], one["ranks"]): one
        for one in report["samples"]
        if (one["configuration"], one["program"], one["temperature"]) == (name, "core", "cold")
    }
    sample = found[nodes, ranks]
    if column == "last":
        return float(sample["last"])
    if column == "stored":
        return float(report["bytes_on_disk"][name]) / 1e6
    if column == "cpu":
        return _median(sample["ranks_told"]["cpu"])
    packets = sum(each["packets"] for each in sample["asked"])
    if column == "further":
        first = sum(each["packets"] for each in found[nodes, 1]["asked"])
        return float(packets - first) / (ranks - 1) / nodes
    if column == "node":
        return float(round(packets / nodes))
    return float(packets)


def _pool(report: Report, words: Sequence[str]) -> float:
    """Return the seconds until a pool's workers are ready: by method, workers and module."""
    method, workers, module = words
    case = (method, int(workers), module)
    samples = report["samples"]
    return _median(
        one["ready_s"] for one in samples if (one["method"], one["workers"], one["module"]) == case
    )


def _forecast(report: Report, words: Sequence[str]) -> float:
    """Return the model's seconds for so many ranks, or its error: ``py_conda median_error``."""
    environment, column = words
    if column.isdigit():
        model = report["model"]
        return float(model["seconds"][environment][model["ranks"].index(int(column))])
    errors = {one["environment"]: one["errors"] for one in report["curves"]}
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
    "startup": _start,
    "bake": _start,
    "cold": _cold,
    "storm": _storm,
    "pools": _pool,
    "import-at-scale": _forecast,
    "workload": _row,
}
