"""The results of a run, test by test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree

from hpcpy.files import whole_file

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


@dataclass(frozen=True)
class Verdict:
    """How a test ended, and what it said if it failed."""

    status: str
    text: str = ""


Outcomes = Mapping[str, Verdict]


def read_reports(reports: Iterable[Path], regrtest_log: Path | None = None) -> dict[str, Verdict]:
    """Read the JUnit reports of a run.

    Parameters
    ----------
    reports
        One a rank; those that are not whole are left out.
    regrtest_log
        regrtest's output, which alone says how a whole file ended: by a crash, say.

    Returns
    -------
    dict
        Test to outcome.
    """
    found: dict[str, Verdict] = {}
    for report in reports:
        try:
            # Written by the run just ended.
            root = ElementTree.parse(report).getroot()  # noqa: S314
        except ElementTree.ParseError:
            continue
        for case in root.iter("testcase"):
            _add(found, _name(case), _outcome(case))
    if regrtest_log:
        log = regrtest_log.read_text(errors="replace")
        # The JUnit report has neither subtests nor whole files.
        for read in (_tests_of, _files_of):
            for name, outcome in read(log, found):
                _add(found, name, outcome)
    return found


def _add(found: dict[str, Verdict], name: str, outcome: Verdict) -> None:
    known = found.get(name)
    if known is None or _ORDER.index(outcome.status) < _ORDER.index(known.status):
        found[name] = outcome


def _name(case: ElementTree.Element) -> str:
    return ".".join(part for part in (case.get("classname"), case.get("name")) if part)


def _outcome(case: ElementTree.Element) -> Verdict:
    for kind in ("failure", "error"):
        element = case.find(kind)
        if element is not None:
            # The end of a traceback tells more than its beginning.
            message = element.get("message") or ""
            return Verdict(FAILED, f"{message[:_TEXT]}\n{(element.text or '')[-_TEXT:]}".strip())
    return Verdict(SKIPPED if case.find("skipped") is not None else PASSED)


def _tests_of(log: str, _: Outcomes) -> Iterator[tuple[str, Verdict]]:
    for match in _TEST.finditer(log):
        title = _TITLE.match(match["title"])
        name = (title["doctest"] or title["test"]) if title else match["title"]
        yield name, Verdict(FAILED, match["text"][-_TEXT:].strip())


def _files_of(log: str, cases: Outcomes) -> Iterator[tuple[str, Verdict]]:
    """Give how whole files ended, where their own tests do not tell it."""
    failed = [name for name, outcome in cases.items() if outcome.status == FAILED]
    matches = list(_FILE.finditer(log))
    for match, following in zip_longest(matches, matches[1:]):
        name, what = match["name"], match["what"]
        if what.startswith("skipped"):
            yield name, Verdict(SKIPPED)
        elif what.startswith(("passed", "failed (env changed)", "run no tests")):
            yield name, Verdict(PASSED)
        elif not any(name in test.split(".") or f"{name}." in test for test in failed):
            said = log[match.end() : following.start() if following else None]
            yield name, Verdict(FAILED, f"{what}\n{said[-_TEXT:].strip()}".strip())


def write_results(path: Path, facts: dict[str, str | float], outcomes: dict[str, Verdict]) -> None:
    """Keep a run's results."""
    tests = {name: [one.status, one.text] for name, one in sorted(outcomes.items())}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps({**facts, "tests": tests}, indent=0) + "\n")


def read_results(path: Path) -> tuple[dict[str, str | float], dict[str, Verdict]]:
    """Return what `write_results` has kept."""
    facts = json.loads(path.read_text())
    tests = facts.pop("tests")
    return facts, {name: Verdict(*one) for name, one in tests.items()}
