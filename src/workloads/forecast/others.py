"""The model compared with the NIH's data: 10 to 5,120 interpreters, 10 to 320 nodes, NFS."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.errors import UsageError
from workloads.forecast.fit import Errors, errors, fitted
from workloads.forecast.model import FileSystem, Start, response, seconds

# Where the fit begins, in seconds: half a decade and more on each side of the result.
_THINK, _DEMAND = (0.5, 20.0), (1e-3, 0.2)
# The most interpreters in the data: one computation gives all points.
_MOST = 5_120
# A fit to runs on at most so many nodes has to predict those on more.
_SMALL_NODES = 80
_COLUMNS = ("environment", "interpreters_per_node", "nodes", "interpreters", "seconds")


@dataclass(frozen=True)
class Run:
    """One measured point.

    Attributes
    ----------
    environment
        One of `CURVES`.
    per_node, nodes, ranks
        Interpreters on each node, nodes, and interpreters in all.
    seconds
        To the end of the last interpreter's start.
    """

    environment: str
    per_node: int
    nodes: int
    ranks: int
    seconds: float


def read(path: Path) -> list[Run]:
    """Return the points of a file.

    Raises
    ------
    UsageError
        When it cannot be read, or has not the columns and environments of the data.
    """
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        rows = [[row[name] for name in _COLUMNS] for row in csv.DictReader(lines)]
        runs = [Run(row[0], int(row[1]), int(row[2]), int(row[3]), float(row[4])) for row in rows]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: has not the columns {','.join(_COLUMNS)}") from error
    if {run.environment for run in runs} != {*CURVES}:
        raise UsageError(f"{path}: has not the environments {', '.join(CURVES)}")
    return runs


def _as_files(think: float, demand: float, ranks: int, _: int) -> float:
    """Return the time if each interpreter needs `demand` seconds of the server."""
    return response(demand, think, max(ranks, _MOST))[ranks - 1]


def _as_image(think: float, demand: float, ranks: int, per_node: int) -> float:
    """Return the time if each node does so, once and at its start."""
    free = FileSystem(1 / demand, demand, 1 / demand, 1, 1)
    return seconds(Start(think, by_node=1), free, ranks, per_node)


CURVES: dict[str, tuple[Callable[[float, float, int, int], float], str]] = {
    "py_conda": (_as_files, "conda, as files"),
    "py_container": (_as_image, "container"),
}


@dataclass(frozen=True)
class Curve:
    """A fit.

    Attributes
    ----------
    environment
        One of `CURVES`.
    think, demand
        The two free parameters: seconds of a start alone, and of the server for
        each interpreter (conda) or node (container).
    errors
        Over all points, to which it was fitted.
    beyond
        Over the points above 80 nodes, by a fit to the other points alone.
    """

    environment: str
    think: float
    demand: float
    errors: Errors
    beyond: Errors

    def at(self, ranks: int, per_node: int) -> float:
        """Return the model's seconds to the last rank's start."""
        return CURVES[self.environment][0](self.think, self.demand, ranks, per_node)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        own = {"think": self.think, "demand": self.demand}
        return {
            "environment": self.environment,
            **own,
            "errors": self.errors.as_dict(),
            "beyond": self.beyond.as_dict(),
        }


def curves(runs: Sequence[Run]) -> list[Curve]:
    """Fit each environment's curve."""
    found = []
    for name in CURVES:
        mine = [run for run in runs if run.environment == name]
        small = [run for run in mine if run.nodes <= _SMALL_NODES]
        large = [run for run in mine if run.nodes > _SMALL_NODES]
        best = _fit(name, mine)
        beyond = errors(_said(name, *_fit(name, small), large), [run.seconds for run in large])
        fit = errors(_said(name, *best, mine), [run.seconds for run in mine])
        found.append(Curve(name, *best, fit, beyond))
    return found


def _said(name: str, think: float, demand: float, runs: Sequence[Run]) -> list[float]:
    predict, _ = CURVES[name]
    return [predict(think, demand, run.ranks, run.per_node) for run in runs]


def _fit(name: str, runs: Sequence[Run]) -> tuple[float, float]:
    measured = [run.seconds for run in runs]
    return fitted(
        lambda think, demand: _said(name, think, demand, runs), measured, (_THINK, _DEMAND)
    )
