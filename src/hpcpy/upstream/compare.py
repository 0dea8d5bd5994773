"""Compare hpcpy's results with those of wheels, and both with the explained failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hpcpy.upstream.expected import Explanation
from hpcpy.upstream.results import FAILED, PASSED, Outcomes
from hpcpy.upstream.suites import STATIC, WHEELS


@dataclass
class Comparison:
    """What a suite came to in the images it ran in.

    Attributes
    ----------
    suite
        Its name.
    counts
        For each image how many tests passed, failed and were skipped.
    lost
        Tests that pass with wheels and fail in the static image.
    gone
        Tests that pass with wheels and were skipped or not found here.
    unexplained
        For each image the failures without an explanation.
    causes
        For each image how many failures each cause explains.
    broken
        For each image why its run did not end as it should.
    """

    suite: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unexplained: dict[str, list[str]] = field(default_factory=dict)
    causes: dict[str, dict[str, int]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to look into."""
        return not (self.lost or any(self.unexplained.values()) or any(self.broken.values()))


def compare(
    suite: str,
    images: Mapping[str, Outcomes],
    expected: Sequence[Explanation],
    broken: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare the runs of one suite.

    Parameters
    ----------
    suite
        Its name.
    images
        Image to outcomes; a suite may run in one alone.
    expected
        The explanations.
    broken
        Image to why its run was stopped.
    """
    found = Comparison(suite, broken=dict(broken or {}))
    for image, outcomes in images.items():
        found.counts[image] = dict(Counter(one.status for one in outcomes.values()))
        if not outcomes and not found.broken.get(image):
            found.broken[image] = "there are no results"
        found.unexplained[image] = []
        causes: Counter[str] = Counter()
        for test, outcome in outcomes.items():
            if outcome.status != FAILED:
                continue
            cause = next((e.cause for e in expected if e.covers(suite, image, test, outcome)), "")
            if cause:
                causes[cause] += 1
            else:
                found.unexplained[image].append(test)
        found.causes[image] = dict(causes.most_common())
    if {STATIC, WHEELS} <= set(images):
        here = images[STATIC]
        for test, outcome in images[WHEELS].items():
            if outcome.status != PASSED or (test in here and here[test].status == PASSED):
                continue
            failed = test in here and here[test].status == FAILED
            (found.lost if failed else found.gone).append(test)
    return found
