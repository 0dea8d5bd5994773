"""Failures whose cause is known: ``tests/upstream/expected.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hpcpy.errors import UsageError
from hpcpy.pins.tables import read_table
from hpcpy.upstream.prepare import HELPERS
from hpcpy.upstream.results import Verdict
from hpcpy.upstream.suites import IMAGES, SUITES

EXPECTED = HELPERS / "expected.toml"


@dataclass(frozen=True)
class Explanation:
    """Why some tests fail.

    Attributes
    ----------
    suites
        Names of suites.
    tests
        Patterns of whole names, where ``*`` matches anything.
    images
        Where they fail.
    message
        What their failure says; a failure that says something else has
        another cause.
    cause
        The cause, in words.
    """

    suites: tuple[str, ...]
    tests: tuple[str, ...]
    images: tuple[str, ...]
    message: str
    cause: str

    def covers(self, suite: str, image: str, test: str, outcome: Verdict) -> bool:
        """Tell whether it explains that this test fails there."""
        return (
            suite in self.suites
            and image in self.images
            and self.message in outcome.text
            and any(_pattern(one).fullmatch(test) for one in self.tests)
        )


def _pattern(text: str) -> re.Pattern[str]:
    # Not fnmatch: brackets are usual in names of tests.
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def explanations(path: Path = EXPECTED) -> list[Explanation]:
    """Read the explanations.

    Raises
    ------
    UsageError
        When the file is malformed, or names a suite or an image that is not
        there.
    """
    top = read_table(path)
    top.only("failures")
    found = []
    for table in top.array("failures"):
        table.only("suites", "tests", "images", "message", "cause")
        one = Explanation(
            suites=tuple(table.texts("suites")),
            tests=tuple(table.texts("tests")),
            images=tuple(table.texts("images")) if "images" in table.values else tuple(IMAGES),
            message=table.text("message") if "message" in table.values else "",
            cause=table.text("cause"),
        )
        for name in {*one.suites} - {*SUITES} | {*one.images} - {*IMAGES}:
            raise UsageError(f"{path.name}: there is no suite and no image {name!r}")
        found.append(one)
    return found
