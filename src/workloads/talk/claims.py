"""What a lesson claims of its rows, and whether it holds here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from workloads.bench import machine

if TYPE_CHECKING:
    from workloads.talk.rows import Outcome, Row
    from workloads.talk.slides import Key

Verdict = Literal["holds", "does not hold", "is not certain", "was not measured"]
# Least and most of what the samples allow.
Range = tuple[float, float]

# Ratios that count as the same, and as no faster: other work on the machine can cause them.
_SAME = 4 / 3
_NO_FASTER = 1.1
_ABOUT = 2.0


@dataclass(frozen=True)
class Finding:
    """What came of a claim.

    Parameters
    ----------
    verdict
        Whether it holds.
    measured
        The figures that show it.
    """

    verdict: Verdict
    measured: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.verdict} here: {self.measured}"


class Claim(Protocol):
    """Something that rows show or do not show."""

    def judge(self, outcomes: Sequence[Outcome]) -> Sequence[Finding]:
        """Return what the rows of a slide's experiments say."""


@dataclass(frozen=True)
class Ratio:
    """One row is so many times as fast as another.

    Parameters
    ----------
    slow, fast
        The rows.
    least, most
        How many times as fast.
    of
        The title of the experiment that is meant; by default each.
    """

    slow: Key
    fast: Key
    least: float = 0.0
    most: float = float("inf")
    of: str = ""

    def judge(self, outcomes: Sequence[Outcome]) -> Sequence[Finding]:
        """Judge each experiment that has both rows, or all together if none has."""
        outcomes = [one for one in outcomes if self.of in ("", one.experiment.title)]
        pairs = [(one.experiment.title, _pair(one.rows, self.slow, self.fast)) for one in outcomes]
        both = [(title, pair) for title, pair in pairs if pair]
        if not both:
            every = [row for each in outcomes for row in each.rows]
            pair = _pair(every, self.slow, self.fast)
            if pair is None:
                return [_not_measured(every, self.slow, self.fast)]
            both = [("", pair)]
        several = len(both) > 1
        return [self._said(title if several else "", *pair) for title, pair in both]

    def _said(self, title: str, slow: Row, fast: Row) -> Finding:
        where = f"{title}: " if title else ""
        said = f"{where}{_compared(slow, fast)}; the lesson asks for {_asked(self)}"
        return Finding(_verdict(_gain(slow, fast), self.least, self.most), said)


@dataclass(frozen=True)
class Trend:
    """The gain of one row over another falls, or grows, from the first experiment to the last.

    Parameters
    ----------
    slow, fast
        The rows.
    falls
        Whether the gain is claimed to fall, not to grow.
    """

    slow: Key
    fast: Key
    falls: bool

    def judge(self, outcomes: Sequence[Outcome]) -> Sequence[Finding]:
        """Compare the first experiment with the last."""
        begin, end = outcomes[0], outcomes[-1]
        first, last = (_pair(each.rows, self.slow, self.fast) for each in (begin, end))
        if first is None or last is None:
            return [_not_measured([*begin.rows, *end.rows], self.slow, self.fast)]
        (low, high), (end_low, end_high) = _gain(*first), _gain(*last)
        bounds = (0.0, 1.0) if self.falls else (1.0, float("inf"))
        said = (
            f"{begin.experiment.title}: {_compared(*first)}; "
            f"{end.experiment.title}: {_compared(*last)}"
        )
        return [Finding(_verdict((end_low / high, end_high / low), *bounds), said)]


@dataclass(frozen=True)
class TooMany:
    """The last of several rows, with the most workers, is not the fastest.

    Rows with fewer workers at work than asked for are left out: they repeat another row.

    Parameters
    ----------
    keys
        The rows, by ascending workers.
    """

    keys: Sequence[Key]

    def judge(self, outcomes: Sequence[Outcome]) -> Sequence[Finding]:
        """Compare the last row that ran with the best of the others."""
        every = [row for each in outcomes for row in each.rows]
        ran = [row for row in every if (row.impl, row.workers) in self.keys and row.here]
        ran = [row for row in ran if not 0 < row.at_work < row.workers]
        if len(ran) < 2:
            return [_not_measured(ran, *self.keys)]
        *others, last = sorted(ran, key=lambda row: row.workers)
        best = min(others, key=lambda row: row.here or 0.0)
        return [Finding(_verdict(_gain(last, best), 1.0, float("inf")), _compared(last, best))]


@dataclass(frozen=True)
class Noted:
    """The percentage in a row's note is at least so much.

    Parameters
    ----------
    key
        The row.
    words
        The words that follow the percentage.
    least
        Per cent.
    """

    key: Key
    words: str
    least: int

    def judge(self, outcomes: Sequence[Outcome]) -> Sequence[Finding]:
        """Read the notes."""
        found = [
            Finding(
                "holds" if int(share[1]) >= self.least else "does not hold",
                f"{row.impl}: {share[0]}; the lesson asks for at least {self.least}%",
            )
            for each in outcomes
            for row in each.rows
            if (row.impl, row.workers) == self.key
            and (share := re.search(rf"(\d+)% {self.words}", row.note))
        ]
        every = [row for each in outcomes for row in each.rows]
        return found or [_not_measured(every, self.key)]


def faster(slow: Key, fast: Key, times: float = 1.0) -> Ratio:
    """Claim that one row is faster than another, at least so many times."""
    return Ratio(slow, fast, least=times)


def about(slow: Key, fast: Key, times: float, of: str = "") -> Ratio:
    """Claim that one row is about so many times as fast: half of it to twice."""
    return Ratio(slow, fast, times / _ABOUT, times * _ABOUT, of)


def alike(one: Key, other: Key) -> Ratio:
    """Claim that two rows are as fast as each other, within a third."""
    return Ratio(one, other, 1 / _SAME, _SAME)


def no_faster(one: Key, other: Key) -> Ratio:
    """Claim that the second row is no faster than the first."""
    return Ratio(one, other, most=_NO_FASTER)


def _pair(rows: Sequence[Row], *keys: Key) -> tuple[Row, Row] | None:
    found = {(row.impl, row.workers): row for row in rows if row.here}
    one, other = (found.get(key) for key in keys)
    return (one, other) if one is not None and other is not None else None


def _gain(slow: Row, fast: Row) -> Range:
    """Return the least and the most times as fast that the samples allow."""
    return (slow.least or 0.0) / (fast.most or 1e-9), (slow.most or 0.0) / (fast.least or 1e-9)


def _verdict(found: Range, least: float, most: float) -> Verdict:
    low, high = found
    if least <= low and high <= most:
        return "holds"
    return "does not hold" if high < least or low > most else "is not certain"


def _compared(slow: Row, fast: Row) -> str:
    low, high = _gain(slow, fast)
    ratio = (slow.here or 0.0) / (fast.here or 1e-9)
    spread = "" if low == high else f" ({low:.3g} … {high:.3g})"
    alone = "" if fast.impl != slow.impl else " with 1 worker"
    names = [_named((row.impl, row.workers), alone) for row in (fast, slow)]
    return f"{names[0]} is {ratio:.3g}{spread} times as fast as {names[1]}"


def _asked(claim: Ratio) -> str:
    if claim.most == float("inf"):
        return f"at least {claim.least:.3g}" if claim.least > 1 else "more than 1"
    return f"{claim.least:.2g} to {claim.most:.3g}" if claim.least else f"at most {claim.most:.3g}"


def _not_measured(rows: Sequence[Row], *keys: Key) -> Finding:
    ran = {(row.impl, row.workers) for row in rows if row.here}
    names = [_named(key) for key in keys if key not in ran]
    return Finding("was not measured", f"without {', '.join(names)}")


def _named(key: Key, alone: str = "") -> str:
    name, workers = key
    return f"{name}{alone}" if workers == 1 else f"{name} with {workers} workers"


def judged(
    claims: Sequence[Claim], outcomes: Sequence[Outcome], load: int = 0
) -> Iterator[Finding]:
    """Give what came of each claim.

    None is certain by one sample, on cores that others use, or with more gained than the
    cores can give.

    Parameters
    ----------
    claims
        The slide's.
    outcomes
        The results of its experiments.
    load
        How many other processes computed.
    """
    doubt = _doubt([row for each in outcomes for row in each.rows if row.here], load)
    for finding in (finding for claim in claims for finding in claim.judge(outcomes)):
        if doubt and finding.verdict != "was not measured":
            yield Finding("is not certain", f"{finding.measured}; {doubt}")
        else:
            yield finding


def _doubt(rows: Sequence[Row], load: int) -> str:
    """Return why nothing is certain, or an empty string."""
    needed = min(max((row.workers for row in rows), default=1), machine.cores())
    there = os.cpu_count() or 1
    if load > there - needed:
        return f"other processes computed before it, {load} on {there} cores"
    for row in rows:
        if row.beyond_cores:
            return f"{_named((row.impl, row.workers))} gained more than cores can give"
    return "one sample shows no spread" if any(len(row.samples) == 1 for row in rows) else ""
