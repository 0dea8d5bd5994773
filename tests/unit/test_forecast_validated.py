"""The model against measurements: a fit finds what made the data, errors are as stated."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hpcpy import paths
from workloads.errors import UsageError
from workloads.forecast import others, ours
from workloads.forecast.fit import errors, fitted
from workloads.forecast.known import ERRORS
from workloads.forecast.model import response

RESULTS = paths.ROOT / "docs/results"
NIH = RESULTS / "nih_import_storm.csv"


def test_a_fit_finds_the_parameters_that_made_the_data() -> None:
    sizes = (1, 8, 64, 512)

    def predict(think: float, demand: float) -> list[float]:
        return [response(demand, think, 512)[size - 1] for size in sizes]

    found = fitted(predict, predict(3.3, 0.017), [(0.5, 20), (1e-3, 0.2)])
    assert found == pytest.approx((3.3, 0.017), rel=0.01)


def test_errors_are_relative_sizes() -> None:
    found = errors([1.1, 2, 2], [1, 2, 4])
    assert found.median == pytest.approx(0.1)
    assert found.largest == 0.5


def test_the_nih_data_are_all_there_and_name_their_source() -> None:
    runs = others.read(NIH)
    assert len(runs) == 136
    assert {run.ranks for run in runs} >= {10, 5120}
    assert "github.com/wresch/python_import_problem" in NIH.read_text().splitlines()[1]


def test_the_stated_errors_are_those_of_the_committed_results() -> None:
    conda, container = others.curves(others.read(NIH))
    names = ("storm.json", "storm-throttled.json", "storm-ways.json")
    storms = [ours.compare(RESULTS / name) for name in names]
    found = [conda.errors, container.errors, *(storm.errors for storm in storms)]
    said = [(round(one.median, 2), round(one.largest, 2)) for one in found]
    assert said == list(ERRORS.values()), (
        "a report in docs/results is another: write its errors into forecast/known.py and "
        "docs/import-at-scale.md"
    )


def storm(**changes: Any) -> dict[str, Any]:
    def sample(ranks: int, last: float) -> dict[str, Any]:
        return {"configuration": "venv", "program": "core", "nodes": 1, "ranks": ranks,
                "temperature": "cold", "last": last, "ranks_told": {"cpu": [1.0]}}  # fmt: skip

    samples = [sample(1, 3), sample(8, 12)]
    return {"benchmark": "storm", "machine": {"cores": 2}, "samples": samples, **changes}


def test_one_rank_gives_the_slowness_by_which_the_others_are_predicted(tmp_path: Path) -> None:
    path = tmp_path / "storm.json"
    path.write_text(json.dumps(storm()))
    found = ours.compare(path)
    assert found.free == {"slower by": pytest.approx(3)}
    (one,) = found.cases
    # Eight ranks on two cores: each core has half of them.
    assert one.predicted == pytest.approx(3 * 8 / 2, rel=0.01)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", json.dumps(storm(benchmark="cold")), json.dumps(storm(samples=[])),
     json.dumps({**storm(), "samples": storm()["samples"][1:]})],
)  # fmt: skip
def test_what_is_no_report_of_a_storm_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "storm.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"storm.json: is no report of make storm"):
        ours.compare(path)


def at_site(nodes: Sequence[int], **last: Callable[[int, int], float]) -> dict[str, Any]:
    samples: list[dict[str, Any]] = [
        {"configuration": name.replace("_", "-"), "program": "core", "nodes": number,
         "ranks": ranks, "temperature": "cold", "last": seconds(number, ranks), "ranks_told": {}}
        for name, seconds in last.items() for number in nodes for ranks in (1, 32)
    ]  # fmt: skip
    return {"benchmark": "storm at a site", "site": "biowulf", "failed": {}, "samples": samples}


def test_a_job_at_a_site_is_predicted_from_fewer_nodes(tmp_path: Path) -> None:
    path = tmp_path / "storm-17.json"
    starts = {
        "venv": lambda nodes, ranks: response(0.02, 1.5, 2048)[nodes * ranks - 1],
        "wheels_sif_shared": lambda nodes, _: 0.8 + 0.02 * nodes,
        # The processor time of ranks does not say what a copy takes.
        "conda_staged": lambda *_: 99.0,
    }
    report = at_site([1, 8, 64], **starts)
    path.write_text(json.dumps(report))
    found = ours.compare(path)
    assert [one.case for one in found.cases] == [
        f"{name} core cold 64 × {ranks}" for name in ("venv", "wheels-sif-shared")
        for ranks in (1, 32)
    ]  # fmt: skip
    assert found.errors.largest < 0.02
    assert "biowulf" in found.title
    path.write_text(json.dumps({**report, "failed": {"venv": "no venv"}}))
    assert [one.ranks for one in ours.compare(path).cases] == [64, 2048]


@pytest.mark.parametrize(
    ("report", "says"),
    [(at_site([1, 8], venv=lambda *_: 1.0), "three numbers of nodes, as --nodes 1,2,4"),
     (at_site([]), "three numbers of nodes"),
     ({**storm(), "samples": storm()["samples"][:1]}, "cases of one rank and of more")],
)  # fmt: skip
def test_too_few_cases_are_one_line(report: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = tmp_path / "storm.json"
    path.write_text(json.dumps(report))
    with pytest.raises(UsageError, match=f"storm.json: the model is held.*{says}"):
        ours.compare(path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "environment\npy_conda\n"])
def test_what_are_no_data_of_the_nih_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"x.csv: has not the"):
        others.read(path)
