"""Reports of the workloads in docs/results: their commands and rows exist in this checkout."""

import importlib
import json
import shlex

import pytest

from hpcpy.core import paths
from workloads.bench.command import parser
from workloads.registry import WORKLOADS

REPORTS = {
    path.stem: report
    for path in sorted((paths.ROOT / "docs/results").glob("*.json"))
    if {"workload", "results"} <= (report := json.loads(path.read_text())).keys()
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_reports_command_and_its_rows_exist(name: str) -> None:
    report = REPORTS[name]
    python, option, package, workload, *words = shlex.split(report["command"])
    assert (python, option, package) == ("python", "-m", "workloads")
    made = importlib.import_module(WORKLOADS[workload][0]).WORKLOAD
    parser(made).parse_args(words)
    assert not [word for word in words if word.startswith("/")]
    # Those of another Python have its version behind their name: python-3.14.7t.
    assert {row["impl"].partition("-3.")[0] for row in report["results"]} <= made.techniques.keys()
