"""What came out, as a table and as lists of what is left to look into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hpcpy.upstream.compare import Comparison
from hpcpy.upstream.results import FAILED, PASSED, SKIPPED
from hpcpy.upstream.suites import STATIC, WHEELS

_HEAD = """\
| suite | passed | failed | skipped | with wheels: passed | failed | skipped | lost |
|---|--:|--:|--:|--:|--:|--:|--:|"""
_MANY = 20


def table(comparisons: Iterable[Comparison]) -> str:
    """Return a table in Markdown, a line a suite.

    "Lost" are the tests that pass with wheels and fail in the static image.
    """
    return "\n".join([_HEAD, *(_line(one) for one in comparisons)])


def _line(one: Comparison) -> str:
    cells = [one.suite, *_cells(one.counts.get(STATIC)), *_cells(one.counts.get(WHEELS))]
    both = STATIC in one.counts and WHEELS in one.counts
    return f"| {' | '.join([*cells, str(len(one.lost)) if both else '–'])} |"


def _cells(counts: Mapping[str, int] | None) -> list[str]:
    if counts is None:
        return ["–"] * 3
    return [f"{counts.get(status, 0):,}" for status in (PASSED, FAILED, SKIPPED)]


def problems(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Give the lines about what is left to look into."""
    for one in comparisons:
        for image, why in one.broken.items():
            if why:
                yield f"{one.suite}: the run in the {image} image is not complete: {why}"
        yield from _list(f"{one.suite}: pass with wheels and fail here", one.lost)
        for image, tests in one.unexplained.items():
            yield from _list(f"{one.suite}: fail in the {image} image, unexplained", tests)


def notes(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Give the lines about what is explained, or no failure."""
    for one in comparisons:
        for image, causes in one.causes.items():
            for cause, number in causes.items():
                yield f"{one.suite}: {number} fail in the {image} image: {cause}"
        yield from _list(f"{one.suite}: pass with wheels, skipped or not found here", one.gone)


def _list(title: str, tests: list[str]) -> Iterator[str]:
    if tests:
        yield f"{title} ({len(tests)}):"
        yield from (f"  {test}" for test in tests[:_MANY])
        if len(tests) > _MANY:
            yield f"  … and {len(tests) - _MANY} more: build/upstream/summary.json has all"
