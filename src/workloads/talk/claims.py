"""What a lesson claims of its rows, and whether it holds here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

from hpcpy_common import machine

if TYPE_CHECKING:
    from workloads.talk.run import Outcome, Row

# Fewer samples show too little of the spread.
SAMPLES = 5
# Least and most times as fast that count as the same, and as no faster: other work on the
# machine can cause them.
SAME = (3 / 4, 4 / 3)
NO_FASTER = (0.0, 1.1)


@dataclass(frozen=True)
class Finding:
    """What came of a claim, and the figures that show it."""

    verdict: Literal["holds", "does not hold", "is not certain", "was not measured"]
    measured: str
    of: str = ""  # the table's title, where one of several is judged


@dataclass(frozen=True)
class Faster:
    """The row `fast` is `least` to `most` times as fast as `slow`, in experiments titled `of`.

    It is judged in each experiment that has both rows, or in all together if none has.
    """

    slow: str
    fast: str
    least: float = 1.0
    most: float = inf
    of: str = ""

    def judge(self, outcomes: Sequence[Outcome]) -> list[Finding]:
        """Compare the two rows; raise KeyError without one."""
        own = [outcome for outcome in outcomes if self.of in ("", outcome.experiment.title)]
        both = [outcome for outcome in own if {self.slow, self.fast} <= _ran(outcome).keys()]
        if not both:
            return [self._compare(_ran(*own))]
        titles = [each.experiment.title if len(outcomes) > 1 else "" for each in both]
        return [self._compare(_ran(each), title) for each, title in zip(both, titles, strict=True)]

    def _compare(self, rows: Mapping[str, Row], of: str = "") -> Finding:
        slow, fast = rows[self.slow], rows[self.fast]
        measured = f"{of}{of and ': '}{_compared(slow, fast)}; {self._asked()}"
        return _judged(_gain(slow, fast), (self.least, self.most), measured, of)

    def _asked(self) -> str:
        asked = f"at least {self.least:.3g}" if self.least > 1 else "more than 1"
        if self.most < inf:
            asked = f"{self.least:.2g} to {self.most:.3g}"
        return f"the lesson asks for {asked}"


@dataclass(frozen=True)
class Trend:
    """The gain of one row over another falls, or grows, from the first experiment to the last.

    Where it is largest it must be a gain: above 1.
    """

    slow: str
    fast: str
    falls: bool

    def judge(self, outcomes: Sequence[Outcome]) -> list[Finding]:
        """Compare the first experiment with the last."""
        ends = [(_ran(each)[self.slow], _ran(each)[self.fast]) for each in outcomes]
        (low, high), (last_low, last_high) = _gain(*ends[0]), _gain(*ends[-1])
        trend, largest = (last_low / high, last_high / low), (last_low, last_high)
        if self.falls:
            trend, largest = (low / last_high, high / last_low), (low, high)
        measured = f"{_compared(*ends[0])} in {outcomes[0].experiment.title}; "
        measured += f"{_compared(*ends[-1])} in {outcomes[-1].experiment.title}; "
        measured += f"the lesson asks for {'less' if self.falls else 'more'} there, "
        measured += f"and for more than 1 {'before' if self.falls else 'then'}"
        both = min(trend[0], largest[0]), min(trend[1], largest[1])
        return [_judged(both, (1.0, inf), measured)]


@dataclass(frozen=True)
class TooMany:
    """The last of the rows that begin alike, with ever more workers, is not the fastest.

    With `than_first` it is slower even than the first. Rows with fewer workers at work than
    asked for are left out: they repeat another row.
    """

    begin: str
    than_first: bool = False

    def judge(self, outcomes: Sequence[Outcome]) -> list[Finding]:
        """Compare the last row that ran with the best of the others, or with the first."""
        rows = {key: row for key, row in _ran(*outcomes).items() if key.startswith(self.begin)}
        keys = [key for key, row in rows.items() if row.talk and row.at_work in (0, row.workers)]
        if len(keys) < 2:
            raise KeyError(f"{self.begin}…")
        best = min(keys[:-1], key=lambda key: rows[key].here or inf)
        return Faster(keys[-1], keys[0] if self.than_first else best).judge(outcomes)


Claim = Faster | Trend | TooMany


def judged(claims: Sequence[Claim], outcomes: Sequence[Outcome], load: int = 0) -> list[Finding]:
    """Return what came of each claim of a slide's experiments, also where a row is absent.

    None is certain by few samples, on cores that `load` other processes use, or with more
    gained than the cores can give.
    """
    doubt = _doubt([row for outcome in outcomes for row in outcome.rows if row.here], load)
    findings: list[Finding] = []
    for claim in claims:
        try:
            for finding in claim.judge(outcomes):
                measured = f"{finding.measured}; {doubt}"
                uncertain = Finding("is not certain", measured, finding.of)
                findings.append(uncertain if doubt else finding)
        except KeyError as absent:
            findings.append(Finding("was not measured", f"without {_named(absent.args[0])}"))
    return findings


def _doubt(rows: Sequence[Row], load: int) -> str:
    """Return all reasons why nothing is certain."""
    doubts = []
    needed = min(max((row.workers for row in rows), default=1), machine.cores())
    cores = os.cpu_count() or 1
    if load > cores - needed:
        doubts.append(f"other processes computed around it, {load} on {cores} cores")
    beyond = [_named(row.key) for row in rows if row.beyond_cores]
    doubts += [f"{beyond[0]} gained more than cores can give"] if beyond else []
    samples = min((len(row.samples) for row in rows), default=SAMPLES)
    doubts += [f"samples: {samples}, a verdict needs {SAMPLES}"] if samples < SAMPLES else []
    return "; ".join(doubts)


def _ran(*outcomes: Outcome) -> dict[str, Row]:
    return {row.key: row for outcome in outcomes for row in outcome.rows if row.here}


def _ratio(slow: Row, fast: Row) -> float:
    return (slow.here or 0.0) / (fast.here or 1e-9)


def _gain(slow: Row, fast: Row) -> tuple[float, float]:
    """Return the least and the most times as fast that the samples allow."""
    return (slow.least or 0.0) / (fast.most or 1e-9), (slow.most or 0.0) / (fast.least or 1e-9)


def _judged(
    gain: tuple[float, float], within: tuple[float, float], measured: str, of: str = ""
) -> Finding:
    (low, high), (least, most) = gain, within
    if least <= low and high <= most:
        return Finding("holds", measured, of)
    if high < least or low > most:
        return Finding("does not hold", measured, of)
    return Finding("is not certain", measured, of)


def _compared(slow: Row, fast: Row) -> str:
    low, high = _gain(slow, fast)
    ratio = _ratio(slow, fast)
    spread = "" if low == high else f" ({low:.3g} … {high:.3g})"
    return f"{_named(fast.key)} is {ratio:.3g}{spread} times as fast as {_named(slow.key)}"


def _named(key: str) -> str:
    name, _, workers = key.partition(" ")
    return f"{name} with {workers} workers" if workers else name
