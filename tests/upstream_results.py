"""The results of a run of a package's own tests: pytest's JUnit reports and regrtest's output."""

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
# Where one name has several outcomes, as on several ranks, the first of these counts.
_ORDER = (FAILED, PASSED, SKIPPED)
# Enough for the exception and the line it came from.
_TEXT = 4000
# regrtest's lines: how a file ended, and what unittest says of its failed tests.
_FILE = re.compile(r"(?m)^\d+:\d\d:\d\d .*?\[ *\d+/\d+(?:/\d+)?\] (?P<name>[\w.]+) (?P<what>.*)$")
_TEST = re.compile(
    r"(?ms)^={70}\n(?:FAIL|ERROR): (?P<title>.*?)\n-{70}\n(?P<text>.*?)(?=^={70}$|^-{70}$)"
)
_TITLE = re.compile(r"(?s)(?:.*\nDoctest: (?P<doctest>\S+)|\S+ \((?P<test>[\w.<>]+)\))")


class Outcome(NamedTuple):
    """How a test ended, and what it said if it failed."""

    status: str
    text: str = ""


def read_reports(reports: Iterable[Path], regrtest_log: Path | None = None) -> dict[str, Outcome]:
    """Return the outcome of each test of a run, by the reports of its ranks that are complete.

    regrtest's output alone says how a file ended: by a crash, say.
    """
    found: dict[str, Outcome] = {}
    for report in reports:
        try:
            # Written by the run just ended.
            root = ElementTree.parse(report).getroot()  # noqa: S314
        except ElementTree.ParseError:
            continue
        for case in root.iter("testcase"):
            name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
            _add(found, name, _outcome(case))
    if regrtest_log:
        log = regrtest_log.read_text(errors="replace")
        # The JUnit report has neither subtests nor files.
        for read in (_tests_of, _files_of):
            for name, outcome in read(log, found):
                _add(found, name, outcome)
    return found


def _add(found: dict[str, Outcome], name: str, outcome: Outcome) -> None:
    known = found.get(name)
    if known is None or _ORDER.index(outcome.status) < _ORDER.index(known.status):
        found[name] = outcome


def _outcome(case: ElementTree.Element) -> Outcome:
    for kind in ("failure", "error"):
        element = case.find(kind)
        if element is not None:
            # The end of a traceback tells more than its beginning.
            message = element.get("message") or ""
            return Outcome(FAILED, f"{message[:_TEXT]}\n{(element.text or '')[-_TEXT:]}".strip())
    return Outcome(SKIPPED if case.find("skipped") is not None else PASSED)


def _tests_of(log: str, _: object) -> Iterator[tuple[str, Outcome]]:
    for match in _TEST.finditer(log):
        title = _TITLE.match(match["title"])
        name = (title["doctest"] or title["test"]) if title else match["title"]
        yield name, Outcome(FAILED, match["text"][-_TEXT:].strip())


def _files_of(log: str, cases: dict[str, Outcome]) -> Iterator[tuple[str, Outcome]]:
    """Yield how files ended, where their own tests do not tell it."""
    failed = [name for name, outcome in cases.items() if outcome.status == FAILED]
    matches = list(_FILE.finditer(log))
    for match, following in zip_longest(matches, matches[1:]):
        name, what = match["name"], match["what"]
        if what.startswith("skipped"):
            yield name, Outcome(SKIPPED)
        elif what.startswith(("passed", "failed (env changed)", "run no tests")):
            yield name, Outcome(PASSED)
        elif not any(name in test.split(".") or f"{name}." in test for test in failed):
            output = log[match.end() : following.start() if following else None]
            yield name, Outcome(FAILED, f"{what}\n{output[-_TEXT:].strip()}".strip())
