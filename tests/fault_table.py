"""Tests that break something on purpose: `--faults FILE` runs only these, and records each.

They have the mark `fault(what breaks, what comes of it)`. A test passes what it measures to
pytest's own `record_property`. `make faults` makes the table of docs/faults.md from the files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_PROPERTY = "fault"


def declare(config: pytest.Config) -> None:
    """Make the mark known, and record the tests with it if the option is given."""
    config.addinivalue_line("markers", "fault(what, then): breaks something, and what comes of it")
    if file := config.getoption("--faults"):
        config.pluginmanager.register(_Table(Path(file)))


class _Table:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._cases: list[dict[str, Any]] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        others = [item for item in items if item.get_closest_marker("fault") is None]
        items[:] = [item for item in items if item.get_closest_marker("fault") is not None]
        config.hook.pytest_deselected(items=others)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if mark := item.get_closest_marker("fault"):
            item.user_properties.append((_PROPERTY, list(mark.args)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told: dict[str, Any] = dict(report.user_properties)
        # Of a test that passes, only the call counts.
        if _PROPERTY not in told or (report.when != "call" and report.passed):
            return
        what, then = told.pop(_PROPERTY)
        self._cases.append(
            {
                "fault": what,
                "then": then,
                "test": report.nodeid,
                "outcome": report.outcome,
                "seconds": round(report.duration, 2),
                "measured": told,
            }
        )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # xdist's workers hand their reports to the process that started them.
        if not hasattr(session.config, "workerinput"):
            self._file.write_text(json.dumps(self._cases, indent=1) + "\n")
