"""The suites of ``suites.toml``, and the failures that ``expected.toml`` explains."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upstream_results import Outcome

FOLDER = Path(__file__).parent
IMAGES = ["hpcpy", "wheels"]


@dataclass(frozen=True)
class Suite:
    """One package's tests; ``suites.toml`` says what each key is."""

    name: str
    source: str
    members: list[str]
    strip: int = 1
    targets: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    runner: str = "pytest"
    ranks: int = 0
    workers: int = 2
    images: list[str] = field(default_factory=lambda: IMAGES)
    skipped: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    inside: bool = False
    library: str = ""
    copied: bool = False
    seconds: int = 3600
    heavy: bool = False


@dataclass(frozen=True)
class Explanation:
    """Why some tests fail: a failure with another message has another cause."""

    cause: str
    suites: list[str]
    tests: list[str]
    images: list[str] = field(default_factory=lambda: IMAGES)
    message: str = ""

    def covers(self, suite: str, image: str, test: str, outcome: Outcome) -> bool:
        # Not fnmatch: brackets are usual in names of tests.
        patterns = (".*".join(re.escape(part) for part in one.split("*")) for one in self.tests)
        return (
            suite in self.suites
            and image in self.images
            and self.message in outcome.text
            and any(re.fullmatch(pattern, test, re.DOTALL) for pattern in patterns)
        )


def _suites() -> dict[str, Suite]:
    tables: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "suites.toml").read_text())
    found = {}
    for name, own in tables.items():
        table = tables.get(own.pop("like", ""), {}) | own
        table["options"] = table.get("options", []) + table.pop("more", [])
        if files := table.pop("files", []):
            (package,) = table["targets"]
            table["targets"] = [f"{package}/tests/test_{file}.py" for file in files]
        found[name] = Suite(name, **table)
    return found


def _explanations() -> list[Explanation]:
    tables = tomllib.loads((FOLDER / "expected.toml").read_text())
    found = [Explanation(**table) for table in tables["failures"]]
    for one in found:
        assert {*one.suites} <= {*SUITES}, one
        assert {*one.images} <= {*IMAGES}, one
    return found


SUITES = _suites()
EXPLANATIONS = _explanations()
