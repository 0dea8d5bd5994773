"""``python -m workloads pi``: its options, and the problems that they choose."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from workloads.bench import command, options
from workloads.bench.workload import Outcome, Workload
from workloads.errors import UsageError
from workloads.pi import answer, others
from workloads.pi.registry import FASTEST, TECHNIQUES
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial

# Enough to load libraries and run just-in-time compilers before the clock starts.
_WARM_UP_PAIRS = 1_000
# More would take hours; up to this no kernel's 32-bit count of a group overflows.
_MOST_PAIRS = 1 << 40


@dataclass(frozen=True)
class Count:
    """A number of pairs that is to be counted.

    Parameters
    ----------
    pairs
        How many.
    seed
        The seed of the streams.
    pythons
        Other interpreters that count, too: their files by the name of their row.
    """

    pairs: int
    seed: int
    pythons: Mapping[str, str] = field(default_factory=dict)

    task: ClassVar[str] = "pi"

    @property
    def name(self) -> str:
        """How many pairs."""
        return f"{self.pairs:,} pairs"

    @property
    def title(self) -> str:
        """The line above the table."""
        return f"pi: {self.name}, seed {self.seed}"

    def parameters(self) -> Mapping[str, object]:
        """Return pairs and seed, and other interpreters if there are some."""
        return {name: value for name, value in vars(self).items() if value != {}}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse nothing: a count takes no memory."""
        return ""

    def grown(self, times: int) -> Count:
        """Return the problem with `times` as many pairs.

        Raises
        ------
        UsageError
            When these are more than may be asked for.
        """
        if self.pairs * times > _MOST_PAIRS:
            raise UsageError(f"--weak: {times} times {self.name} are more than {_MOST_PAIRS:,}")
        return replace(self, pairs=self.pairs * times)

    def attempt(self, trial: Trial) -> _Attempt:
        """Return what a technique does."""
        return _Attempt(self, trial)

    def finish(self, result: Result) -> None:
        """Say that all of it was done."""
        result.total = self.pairs

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return each distinct count once, with the value of pi that it gives."""
        lines = []
        for result in results:
            family = answer.family(result.impl)
            # This family's count depends on the number of workers.
            who = f", {result.workers} at work" if family == "seeded" else ""
            hits = int(result.answer)
            lines.append(
                f"{family}{who}: {hits:,} hits, π ≈ {4 * hits / self.pairs:.7f}: {result.verdict}"
            )
        return [*dict.fromkeys(lines)]


class _Attempt:
    """One technique at one number of pairs."""

    def __init__(self, count: Count, trial: Trial) -> None:
        self._count, self._trial = count, trial

    def _hits(self, pairs: int) -> tuple[int, str]:
        seed, members = self._count.seed, self._trial.workers
        python = self._count.pythons.get(self._trial.name)
        if python is not None:
            shared = seeds(seed, pairs, self._trial.workers.count)
            return others.count(python, shared, members)
        counted: tuple[int, str] = self._trial.compute(pairs, seed, members)
        return counted

    def warm_up(self) -> None:
        """Count a few pairs."""
        self._hits(min(self._count.pairs, _WARM_UP_PAIRS))

    def once(self) -> Outcome:
        """Count all of them."""
        trial, pairs, seed = self._trial, self._count.pairs, self._count.seed
        with trial.clock():
            hits, note = self._hits(pairs)
        right, verdict = True, ""
        # What other ranks return is no count of all pairs.
        if trial.job.first:
            right, verdict = answer.check(trial.name, hits, pairs, seed, trial.count)
        return Outcome(trial.seconds, pairs, str(hits), right, verdict, note)


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument(
        "-n",
        type=options.whole(1, _MOST_PAIRS),
        default=answer.PAIRS,
        metavar="N",
        help=f"pairs of numbers (default: {answer.PAIRS})",
    )
    what.add_argument(
        "--seed",
        type=options.whole(0, 2**64 - 1),
        default=answer.SEED,
        metavar="N",
        help=f"of the streams (default: {answer.SEED}, for which counts are stored)",
    )
    what.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="FILE",
        help="another Python (3.7 or later), which counts beside this one, a free-threaded one in "
        "threads, too; may be repeated",
    )


def _with_pythons(workload: Workload, args: argparse.Namespace) -> Workload:
    """Return the workload with a row for each interpreter of ``--python``."""
    if not args.python:
        return workload
    pythons = others.named(args.python)
    rows = {row: others.technique(row, python) for row, python in pythons.items()}
    return replace(
        workload,
        techniques={**workload.techniques, **rows},
        request=others.request(pythons),
        problems=lambda args: [Count(args.n, args.seed, pythons)],
    )


PI = Workload(
    name="pi",
    description="Pi by counting the pairs x, y of random numbers with x·x + y·y < 1. The "
    "techniques of the family `seeded` draw from random.Random(seed + worker), those of `philox` "
    "count the same pairs whoever does it; every count is checked.",
    title="Pi",
    rate="pairs a second",
    unit="M pairs/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=lambda args: [Count(args.n, args.seed)],
    adapt=_with_pythons,
    grown=Count.grown,
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(PI, arguments)
