"""Each check says whether it passed, failed, or why it cannot run; ``--report FILE`` keeps it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = {"passed": "pass", "failed": "fail", "skipped": "cannot run"}
DRIVER = Path("/proc/driver/nvidia/version")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, help="where the outcomes go, as JSON")


class Outcomes:
    """Outcome, reason and seconds of every check."""

    def __init__(self) -> None:
        self.checks: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A fixture may fail or skip before the call, or fail after it.
        if report.when != "call" and report.outcome == "passed":
            return
        name = report.nodeid.rpartition("/")[2]
        self.checks[name] = {
            "check": name,
            "outcome": NAMES[report.outcome],
            "reason": _reason(report),
            "seconds": round(report.duration, 3),
        }

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for one in self.checks.values():
            why = f": {one['reason']}" if one["reason"] else ""
            terminalreporter.write_line(f"{one['outcome']:10}  {one['check']}{why}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        target = session.config.getoption("--report")
        if target:
            text = json.dumps(
                {**dict(circumstances()), "checks": [*self.checks.values()]}, indent=1
            )
            partial = target.with_name(f".{target.name}.partial")
            partial.write_text(text + "\n")
            partial.replace(target)


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else report.longrepr).strip().splitlines()
    return lines[0] if lines else "no reason given"


def circumstances() -> Iterator[tuple[str, str]]:
    """Yield what the outcomes depend on, as pairs of name and text."""
    yield "machine", platform.platform()
    yield "python", platform.python_version()
    if DRIVER.exists():
        yield "driver", DRIVER.read_text().splitlines()[0]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Outcomes())
