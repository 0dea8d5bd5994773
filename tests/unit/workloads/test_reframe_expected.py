"""What ReFrame's checks expect is what this checkout states elsewhere.

The checks' folder is copied to centres, so it has these values a second time.
"""

import ast
from typing import Any

import pytest

from hpcpy.core import paths
from measure.cases import CASES
from workloads.mandel.grid import AREAS
from workloads.write import reading
from workloads.write.definition import Series


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """Return the constants of the checks by parsing: an import would need ReFrame."""
    text = (paths.ROOT / "reframe/hpcpy_checks.py").read_text()
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }


def test_bounds_of_starts(expected: dict[str, Any]) -> None:
    goals = {case.name: case.goal for case in CASES if case.goal}
    bounds = expected["START_BOUNDS"]
    assert set(bounds) == {"pass", "numpy"}
    for name, bound in bounds.items():
        assert bound == (goals[name].path_calls, goals[name].off_node, goals[name].getdents)


def test_hashes(expected: dict[str, Any]) -> None:
    assert expected["MANDEL"] == {name: area.sha256 for name, area in AREAS.items()}
    assert expected["ARRAYS"] == reading.SHA256[Series(15, 100)]
