"""``python -m workloads pi``: its options, and the problem that they choose."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hpcpy_common import options
from hpcpy_common.errors import UsageError
from workloads.bench.workload import Outcome, Technique, Workload
from workloads.pi import answer, others
from workloads.pi.registry import FASTEST, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial

# Enough to load libraries and run compilers; and the most, which take hours.
_WARM_UP_PAIRS, _MOST_PAIRS = 1_000, 1 << 40


@dataclass(frozen=True)
class Count:
    """A number of pairs to count, here and in other interpreters: their files by row."""

    pairs: int
    seed: int
    pythons: Mapping[str, str] = field(default_factory=dict)
    task = "pi"

    @property
    def name(self) -> str:
        return f"{self.pairs:,} pairs"

    @property
    def title(self) -> str:
        return f"pi: {self.name}, seed {self.seed}"

    def parameters(self) -> Mapping[str, object]:
        return {name: value for name, value in vars(self).items() if value != {}}

    def prepare(self, _: Sequence[str]) -> None:
        pass

    def grown(self, times: int) -> Count:
        """Return the problem with `times` as many pairs."""
        if self.pairs * times > _MOST_PAIRS:
            raise UsageError(f"--weak: {times} times {self.name} are more than {_MOST_PAIRS:,}")
        return replace(self, pairs=self.pairs * times)

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return each distinct count once, with the value of pi that it gives."""
        lines = []
        for result in results:
            hits, family = int(result.answer), answer.family(result.impl)
            # A seeded count depends on the number of workers.
            who = f", {result.workers} at work" if family == "seeded" else ""
            pi = f"π ≈ {4 * hits / self.pairs:.7f}"
            lines.append(f"{family}{who}: {hits:,} hits, {pi}: {result.verdict}")
        return [*dict.fromkeys(lines)]


class _Attempt:
    """One technique at one number of pairs."""

    def __init__(self, problem: Count, trial: Trial) -> None:
        self._problem, self._trial = problem, trial

    def warm_up(self) -> None:
        """Count a few pairs."""
        self._count(min(self._problem.pairs, _WARM_UP_PAIRS))

    def once(self) -> Outcome:
        """Count all of them."""
        trial, pairs, seed = self._trial, self._problem.pairs, self._problem.seed
        with trial.clock():
            hits, note, seconds = self._count(pairs)
        right, verdict = True, ""
        # What other ranks return is no count of all pairs.
        if trial.is_first:
            right, verdict = answer.check(trial.name, hits, pairs, seed, trial.count)
        # Not what a technique may return in its place, as 3.0.
        count = str(int(hits)) if trial.is_first else ""
        return Outcome(seconds or trial.seconds, pairs, count, right, verdict, note)

    def _count(self, pairs: int) -> tuple[int, str, float]:
        """Return hits and note, and the seconds if another interpreter has measured them."""
        trial, seed = self._trial, self._problem.seed
        if file := self._problem.pythons.get(trial.name):
            hits, seconds = others.count(file, seed, pairs)
            return hits, file, seconds
        return trial.call(pairs, seed), trial.technique.note, 0.0


def _add_options(what: argparse._ArgumentGroup) -> None:
    pairs, seed = options.whole_number(1, _MOST_PAIRS), options.whole_number(0, 2**64 - 1)
    help_of_n = f"pairs of numbers (default: {answer.PAIRS})"
    what.add_argument("-n", type=pairs, default=answer.PAIRS, metavar="N", help=help_of_n)
    help_of_seed = f"of the streams (default: {answer.SEED}, for which counts are stored)"
    what.add_argument("--seed", type=seed, default=answer.SEED, metavar="N", help=help_of_seed)
    help_of_python = "another Python (3.7 or later), which counts beside this one; may be repeated"
    what.add_argument("--python", action="append", default=[], metavar="FILE", help=help_of_python)


def _with_pythons(workload: Workload, args: argparse.Namespace) -> Workload:
    """Return the workload with a row for each interpreter of ``--python``."""
    if not args.python:
        return workload
    pythons = others.named(args.python)
    # `others.count` is called in this function's place.
    where = "workloads.pi.definition:python"
    rows = {row: Technique(where, f"Python by {file}") for row, file in pythons.items()}
    return replace(
        workload,
        techniques={**workload.techniques, **rows},
        request=",".join(["python", *pythons]),
        problems=lambda args: [Count(args.n, args.seed, pythons)],
    )


WORKLOAD = Workload(
    name="pi",
    description="Pi by counting the pairs x, y of random numbers with x·x + y·y < 1. The family "
    "`seeded` draws from random.Random(seed + worker), `philox` counts the same pairs whoever "
    "does it; every count is checked.",
    title="Pi",
    rate="pairs a second",
    unit="M pairs/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=_Attempt,
    problems=lambda args: [Count(args.n, args.seed)],
    adapt=_with_pythons,
    grown=Count.grown,
)
