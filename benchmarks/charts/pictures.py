"""What each report shows as a picture, by the charts of the workloads."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from charts.names import plain
from workloads.bench.plot import Panel, line_chart, number_chart

Report = Mapping[str, Any]
# Two of the places that are measured, both unpacked on one disk; the JSON has all.
_PLACES = {
    ("wheels", "venv"): "ordinary packages in a virtual environment",
    ("hpcpy", "host"): "hpcpy",
}
_STARTS = ("pass", "numpy", "core", "core + kernel", "core + MPI_Init")
_STORM = ("venv", "wheels-sif-shared", "static-sif", "static-sif-shared", "static-files")


def startup(path: Path, report: Report) -> None:
    """Draw the processor time of starts, wheels against hpcpy."""
    times: dict[str, dict[str, float]] = {}
    for one in report["results"]:
        place = (one["image"], one["place"])
        if place in _PLACES and one["case"] in _STARTS:
            cpu = statistics.median(one["cpu"]) * 1e3
            times.setdefault(_PLACES[place], {})[plain(one["case"])] = cpu
    title = f"Starts of Python, medians\n{_machine(report)}"
    number_chart(path, title, "processor time, ms", times)


def storm(path: Path, report: Report) -> None:
    """Draw requests and times, cold, by nodes of the most ranks."""
    ranks = max(one["ranks"] for one in report["samples"])
    values: dict[str, Callable[[Report], float]] = {
        "requests to the metadata server": lambda one: sum(
            each["packets"] for each in one["asked"]
        ),
        "seconds to the last rank": lambda one: one["last"],
    }
    panels = []
    for label, value in values.items():
        lines = {}
        for name in _STORM:
            kind = (name, "cold", ranks)
            points = _medians(
                (one["nodes"], value(one))
                for one in report["samples"]
                if (one["configuration"], one["temperature"], one["ranks"]) == kind
            )
            if points:
                lines[plain(name).replace("`", "")] = points
        panels.append(Panel("", "nodes", label, lines))
    kinds = Counter(
        (one["configuration"], one["nodes"], one["ranks"], one["temperature"])
        for one in report["samples"]
    )
    count = max(kinds.values())
    title = f"{ranks} ranks on each node import four packages; empty caches, samples: {count}"
    line_chart(path, f"{title}\n{_machine(report)} for all nodes", panels)


def validation(path: Path, report: Report) -> None:
    """Draw the model beside measurements, and its curves to the most ranks."""
    near, far = {}, {}
    model = report["model"]
    for one in report["curves"]:
        # Conda's times depend on interpreters, the container's on nodes.
        mine = [run for run in report["measured"] if run["environment"] == one["environment"]]
        name = one["environment"].removeprefix("py_")
        for label, key in (("measured", "seconds"), ("the model", "predicted")):
            near[f"{name}, {label}"] = _medians((run[one["along"]], run[key]) for run in mine)
        times = model["seconds"][one["environment"]]
        far[f"{name}, the model"] = [*zip(model["ranks"], times, strict=True)]
    panels = [
        Panel(
            "NIH, eight libraries on NFS",
            "conda: interpreters; container: nodes",
            "seconds to the last",
            near,
        ),
        Panel("The model for more", "ranks, 16 a node", "seconds to the last", far),
    ]
    line_chart(path, "", panels)


def _medians(points: Iterable[tuple[int, float]]) -> list[tuple[float, float]]:
    """Return the median of the values at each place, in the places' order."""
    values: dict[int, list[float]] = {}
    for place, value in points:
        values.setdefault(place, []).append(value)
    return [(place, statistics.median(found)) for place, found in sorted(values.items())]


def _machine(report: Report) -> str:
    machine = report["machine"]
    return f"{report['date'][:10]}: {machine['processor']}, {machine['cores']} cores"


# What draws a report into a file, by its benchmark.
PICTURES: Mapping[str, Callable[[Path, Report], None]] = {
    "startup": startup,
    "storm": storm,
    "import-at-scale": validation,
}
