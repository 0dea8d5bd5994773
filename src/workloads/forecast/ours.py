"""The model compared with runs of `make storm`.

On one machine all ranks, clients and servers share its cores, and these are the
station. A rank's demand is its processor time, as it was measured for one rank
alone. One parameter is free: how much slower all starts were because of other work on
the machine. It comes from the cases of one rank; the model then predicts all others.
Copies to a node's own disk are left out: their time is no rank's processor time.

Where the metadata server was made slow, the server is the station, and no parameter
is free: its rate was measured by driving it to saturation, the think time by a start
with the server at full speed.

What the forecast itself said is compared with starts with such a server, way by way.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workloads.errors import UsageError
from workloads.forecast.fit import Errors, errors
from workloads.forecast.model import on_cores, response

_Case = tuple[int, int]
_Sample = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """One case: the seconds that the model says, and those that were measured."""

    case: str
    ranks: int
    predicted: float
    measured: float


@dataclass(frozen=True)
class Comparison:
    """All cases of a run.

    Attributes
    ----------
    title
        What was compared.
    free
        The fitted parameters by name.
    cases
        Predictions for cases that the fit has not seen.
    """

    title: str
    free: dict[str, float]
    cases: list[Held]

    @property
    def errors(self) -> Errors:
        """The relative errors of all cases."""
        return errors([one.predicted for one in self.cases], [one.measured for one in self.cases])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "errors": self.errors.as_dict()}


def compare(path: Path) -> Comparison:
    """Compare the model with a report.

    Raises
    ------
    UsageError
        When the file is no report of a storm, or has too few cases for a comparison.
    """
    try:
        report = json.loads(path.read_text("utf-8"))
        predicted, needed = _KINDS[report["benchmark"]]
        found = predicted(report)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(f"{path}: is no report of make storm with a case of one rank") from error
    if not found.cases:
        raise UsageError(f"{path}: the model is held against nothing; it needs {needed}")
    return found


def _grouped(report: dict[str, Any]) -> dict[tuple[str, str, str], dict[_Case, list[_Sample]]]:
    """Return the samples by what was started, cold or warm, and by nodes and ranks on each."""
    groups: dict[tuple[str, str, str], dict[_Case, list[_Sample]]] = {}
    for one in report["samples"]:
        if not one["configuration"].endswith("-staged"):
            name = (one["configuration"], one["program"], one["temperature"])
            case = (one["nodes"], one["ranks"])
            groups.setdefault(name, {}).setdefault(case, []).append(one)
    return groups


def _on_cores(report: dict[str, Any]) -> Comparison:
    cores = int(report["machine"]["cores"])
    said: list[Held] = []
    alone: list[float] = []
    for name, cases in _grouped(report).items():
        cpu = _median(used for one in cases[1, 1] for used in one["ranks_told"]["cpu"])
        for (nodes, ranks), samples in cases.items():
            last = _median(one["last"] for one in samples)
            count = nodes * ranks
            quiet = response(*on_cores(cpu, cores), count)[-1]
            if count == 1:
                alone.append(math.log(last / quiet))
            else:
                said.append(Held(f"{' '.join(name)} {nodes} × {ranks}", count, quiet, last))
    slower = math.exp(statistics.mean(alone))
    cases_ = [Held(one.case, one.ranks, one.predicted * slower, one.measured) for one in said]
    return Comparison(f"make storm, all on {cores} cores", {"slower by": slower}, cases_)


def _throttled(report: dict[str, Any]) -> Comparison:
    rate, cases = float(report["rate"]), []
    for one in report["samples"]:
        name = f"{one['temperature']} {one['nodes']} × {one['ranks']}"
        count, think = one["nodes"] * one["ranks"], report["think"][one["temperature"]]
        said = response(one["packets"] / rate, think, count)[-1]
        cases.append(Held(name, count, said, one["last"]))
    return Comparison(f"a venv, {rate:,.0f} requests a second", {}, cases)


def _forecast(report: dict[str, Any]) -> Comparison:
    cases = [
        Held(f"{one['way']} {one['nodes']} × {one['ranks']}", one["nodes"] * one["ranks"],
             one["predicted"], one["last"])
        for one in report["samples"]
    ]  # fmt: skip
    title = f"three remedies, {report['rate']:,.0f} requests a second"
    return Comparison(title, {}, cases)


def _median(values: Iterable[float]) -> float:
    return float(statistics.median(values))


_KINDS: dict[str, tuple[Callable[[dict[str, Any]], Comparison], str]] = {
    "storm": (_on_cores, "cases of one rank and of more"),
    "throttled storm": (_throttled, "a case"),
    "forecast storm": (_forecast, "a case"),
}
