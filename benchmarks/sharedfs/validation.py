"""The forecast's model compared with measurements: the NIH's starts, and runs of our own."""

import csv
import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from hpcpy_job.forecast.model import FileSystem, Start, response, seconds
from measure.records import Report, Rows

# Where the fit begins, in seconds alone and of the server; later rounds may go beyond.
_RANGES = ((0.5, 20.0), (1e-3, 0.2))
# Points of an axis of the grid around the best so far; rounds; each is 2/3 as wide as the last.
_STEPS, _ROUNDS, _NARROWER = 9, 12, 2 / 3
# The most interpreters in the NIH's data: one computation gives all points.
_MOST = 5_120
# A fit to runs on at most so many nodes has to predict those on more.
_SMALL_NODES = 80
NIH_PER_NODE = 16


def errors(pairs: Iterable[tuple[float, float]]) -> dict[str, float]:
    """Return the relative errors of predicted values, each to the measured one beside it."""
    sizes = [abs(predicted / measured - 1) for predicted, measured in pairs]
    return {"median": statistics.median(sizes), "largest": max(sizes), "points": len(sizes)}


def _as_files(think: float, demand: float, ranks: int, _: int) -> float:
    """Return the time if each interpreter needs `demand` seconds of the server."""
    return response(demand, think, max(ranks, _MOST))[ranks - 1]


def _as_image(think: float, demand: float, ranks: int, per_node: int) -> float:
    """Return the time if each node does so, once and at its start."""
    system = FileSystem(1 / demand, demand, 1 / demand, 1)
    return seconds(Start(think, by_node=1), system, ranks, per_node)


# Environment: its title, on what its times depend, and the model.
CURVES: dict[str, tuple[str, str, Callable[[float, float, int, int], float]]] = {
    "py_conda": ("conda as files", "ranks", _as_files),
    "py_container": ("a container", "nodes", _as_image),
}


def read_nih(path: Path) -> list[dict[str, Any]]:
    """Return the points of the NIH's data: 10 to 5,120 interpreters on 10 to 320 nodes, NFS."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [
        {
            "environment": row["environment"],
            "per_node": int(row["interpreters_per_node"]),
            "nodes": int(row["nodes"]),
            "ranks": int(row["interpreters"]),
            "seconds": float(row["seconds"]),
        }
        for row in csv.DictReader(lines)
    ]


def curve(name: str, runs: Rows) -> dict[str, Any]:
    """Fit the two parameters of an environment's curve: seconds alone, and of the server."""
    title, along, _ = CURVES[name]
    own = [run for run in runs if run["environment"] == name]
    small = [run for run in own if run["nodes"] <= _SMALL_NODES]
    large = [run for run in own if run["nodes"] > _SMALL_NODES]
    think, demand = _fit(name, own)
    return {
        "environment": name,
        "title": title,
        "along": along,
        "think": think,
        "demand": demand,
        "errors": errors(_pairs(name, think, demand, own)),
        # Of the points above 80 nodes, by a fit to the other points alone.
        "beyond": errors(_pairs(name, *_fit(name, small), large)),
    }


def _pairs(name: str, think: float, demand: float, runs: Rows) -> Iterator[tuple[float, float]]:
    """Yield the predicted and the measured seconds of each run."""
    for run in runs:
        predicted = CURVES[name][2](think, demand, run["ranks"], run["per_node"])
        yield predicted, run["seconds"]


def _fit(name: str, runs: Rows) -> tuple[float, float]:
    """Return the parameters with the least squares of log(predicted / measured)."""

    def squares(logarithms: Iterable[float]) -> float:
        think, demand = map(math.exp, logarithms)
        pairs = _pairs(name, think, demand, runs)
        return sum(math.log(predicted / measured) ** 2 for predicted, measured in pairs)

    middle = [math.log(low * high) / 2 for low, high in _RANGES]
    half = [math.log(high / low) / 2 for low, high in _RANGES]
    steps = [2 * step / (_STEPS - 1) - 1 for step in range(_STEPS)]
    for _ in range(_ROUNDS):
        grid = itertools.product(
            *([at + width * step for step in steps] for at, width in zip(middle, half, strict=True))
        )
        middle = list(min(grid, key=squares))
        half = [width * _NARROWER for width in half]
    return math.exp(middle[0]), math.exp(middle[1])


def compare(report: Report) -> dict[str, Any]:
    """Compare the model with starts of our own on a slow metadata server: cases and errors.

    Its rate was measured by driving it to saturation, the think time by a start with the server
    at full speed: no parameter is free. A way's seconds are those that the forecast said.
    """
    cases, rate = [], report["rate"]
    for sample in report["samples"]:
        nodes, ranks = sample["nodes"], sample["nodes"] * sample["ranks"]
        name = sample.get("way", sample["temperature"])
        if "way" in sample:
            predicted = sample["predicted"]
        else:
            predicted = response(sample["packets"] / rate, report["think"][name], ranks)[-1]
        case = f"{name} {nodes} × {sample['ranks']}"
        measured = {"ranks": ranks, "predicted": predicted, "measured": sample["last"]}
        cases.append({"case": case, **measured})
    what = "a venv" if "think" in report else "three remedies"
    return {
        "title": f"{what}, {rate:,.0f} requests a second",
        "cases": cases,
        "errors": errors((case["predicted"], case["measured"]) for case in cases),
    }
