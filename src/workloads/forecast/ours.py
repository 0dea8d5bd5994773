"""The model held against runs of `make storm`.

On one machine all ranks, clients and servers share its cores, and these are the
station. A rank's demand is its processor time, as it was measured for one rank
alone. One parameter is free: how much slower all of it was for whatever else the
machine did, by the cases of one rank. It is then asked for all others. Copies to a
node's own disk are left out: what they take is no rank's processor time.

Where the metadata server was made slow, that is the station, and no parameter is
free: its rate was found by driving it to saturation, the think time by a start
with the server as fast as it is.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workloads.errors import UsageError
from workloads.forecast.fit import Errors, errors
from workloads.forecast.model import on_cores, response


@dataclass(frozen=True)
class Held:
    """One case: what the model says, and what the clock said."""

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
        Of what.
    free
        What was fitted, by name; and with it
    cases
        that the fit has not seen.
    """

    title: str
    free: dict[str, float]
    cases: list[Held]

    @property
    def errors(self) -> Errors:
        """How far off it is."""
        return errors([one.predicted for one in self.cases], [one.measured for one in self.cases])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "errors": self.errors.as_dict()}


def compare(path: Path) -> Comparison:
    """Hold the model against a report.

    Raises
    ------
    UsageError
        When the file is no report of a storm, or has no case of one rank.
    """
    try:
        report = json.loads(path.read_text("utf-8"))
        kinds = {"storm": _on_cores, "throttled storm": _throttled}
        return kinds[report["benchmark"]](report)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(f"{path}: is no report of make storm with a case of one rank") from error


def _on_cores(report: dict[str, Any]) -> Comparison:
    cores = int(report["machine"]["cores"])
    groups: dict[tuple[str, str, str], dict[tuple[int, int], list[dict[str, Any]]]] = {}
    for one in report["samples"]:
        if one["configuration"].endswith("-staged"):
            continue
        name = (one["configuration"], one["program"], one["temperature"])
        case = (one["nodes"], one["ranks"])
        groups.setdefault(name, {}).setdefault(case, []).append(one)
    said: list[Held] = []
    alone: list[float] = []
    for name, cases in groups.items():
        cpu = _median(rank["cpu"] for one in cases[1, 1] for rank in one["ranks_told"])
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
    return Comparison("make storm, all on two cores", {"slower by": slower}, cases_)


def _throttled(report: dict[str, Any]) -> Comparison:
    rate, cases = float(report["rate"]), []
    for one in report["samples"]:
        name = f"{one['temperature']} {one['nodes']} × {one['ranks']}"
        count, think = one["nodes"] * one["ranks"], report["think"][one["temperature"]]
        said = response(one["packets"] / rate, think, count)[-1]
        cases.append(Held(name, count, said, one["last"]))
    return Comparison(f"a server of {rate:,.0f} requests a second", {}, cases)


def _median(values: Iterable[float]) -> float:
    return float(statistics.median(values))
