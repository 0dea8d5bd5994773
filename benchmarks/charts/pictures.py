"""What each report shows as a picture: ``python3 -m charts.pictures REPORT PICTURE``.

It runs in an image, with the charts of its workloads, in a folder with a copy of this package.
"""

import json
import statistics
import sys
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
    for start in report["results"]:
        place = (start["image"], start["place"])
        if place in _PLACES and start["case"] in _STARTS:
            cpu = statistics.median(start["cpu"]) * 1e3
            times.setdefault(_PLACES[place], {})[plain(start["case"])] = cpu
    title = f"Starts of Python, medians\n{_machine(report)}"
    number_chart(path, title, "processor time, ms", times)


def storm(path: Path, report: Report) -> None:
    """Draw requests and times, cold, by nodes of the most ranks."""
    ranks = max(sample["ranks"] for sample in report["samples"])
    shown = [
        sample
        for sample in report["samples"]
        if (sample["temperature"], sample["ranks"]) == ("cold", ranks)
    ]
    values: dict[str, Callable[[Report], float]] = {
        "requests to the metadata server": lambda sample: sum(
            mount["packets"] for mount in sample["asked"]
        ),
        "seconds to the last rank": lambda sample: sample["last"],
    }
    panels = []
    for label, value in values.items():
        lines = {}
        for name in _STORM:
            own = [sample for sample in shown if sample["configuration"] == name]
            if points := _medians((sample["nodes"], value(sample)) for sample in own):
                lines[plain(name).replace("`", "")] = points
        panels.append(Panel("", "nodes", label, lines))
    count = max(Counter((sample["configuration"], sample["nodes"]) for sample in shown).values())
    title = f"{ranks} ranks on each node import four packages; empty caches, samples: {count}"
    line_chart(path, f"{title}\n{_machine(report)} for all nodes", panels)


def validation(path: Path, report: Report) -> None:
    """Draw the model beside measurements, and its curves to the most ranks."""
    near, far = {}, {}
    model = report["model"]
    for curve in report["curves"]:
        # Conda's times depend on interpreters, the container's on nodes.
        own = [run for run in report["measured"] if run["environment"] == curve["environment"]]
        name = curve["environment"].removeprefix("py_")
        for label, key in (("measured", "seconds"), ("the model", "predicted")):
            near[f"{name}, {label}"] = _medians((run[curve["along"]], run[key]) for run in own)
        times = model["seconds"][curve["environment"]]
        far[f"{name}, the model"] = [*zip(model["ranks"], times, strict=True)]
    along = "conda: interpreters; container: nodes"
    panels = [
        Panel("NIH, eight libraries on NFS", along, "seconds to the last", near),
        Panel("The model for more", "ranks, 16 a node", "seconds to the last", far),
    ]
    line_chart(path, "", panels)


def _medians(points: Iterable[tuple[int, float]]) -> list[tuple[float, float]]:
    """Return the median of the values at each place, in the places' order."""
    values: dict[int, list[float]] = {}
    for place, value in points:
        values.setdefault(place, []).append(value)
    return [(place, statistics.median(own)) for place, own in sorted(values.items())]


def _machine(report: Report) -> str:
    machine = report["machine"]
    return f"{report['date'][:10]}: {machine['processor']}, {machine['cores']} cores"


# What draws a report into a file, by its benchmark.
PICTURES: Mapping[str, Callable[[Path, Report], None]] = {
    "startup": startup,
    "storm": storm,
    "import-at-scale": validation,
}

if __name__ == "__main__":
    file, picture = map(Path, sys.argv[1:])
    report = json.loads(file.read_text())
    PICTURES[report["benchmark"]](picture, report)
