"""One technique at one problem: what is timed, and what is not."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from workloads.harness.interrupts import run_all
from workloads.harness.workload import Outcome
from workloads.linalg.definition import judge
from workloads.linalg.registry import THREADS

if TYPE_CHECKING:
    from workloads.harness.trial import Trial
    from workloads.linalg.problems import Problem, Threads


class AttemptHere:
    """One technique at one problem."""

    def __init__(self, problem: Problem, trial: Trial) -> None:
        self._problem, self._trial = problem, trial
        self._function = getattr(trial.module, problem.task)

    def warm_up(self) -> None:
        """Do a smaller one."""
        self._function(self._problem.smaller(), self._trial.members)
        # Made here and not when the clock runs.
        for name in ("matrix", "factors"):
            getattr(self._problem, name, tuple)()

    def once(self) -> Outcome:
        """Do it; check what rank 0 has."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            found, note = self._function(problem, trial.members)
        right, answer, verdict = True, "", ""
        if trial.job.first:
            right, answer, verdict = problem.check(found)
        return Outcome(trial.seconds, problem.work, answer, right, verdict, note)


class AttemptOfChild:
    """A process with its own number of threads."""

    def __init__(self, problem: Threads, trial: Trial) -> None:
        self._problem, self._trial = problem, trial
        self._start = functools.partial(trial.module.child, THREADS[trial.name])

    def _ask(self, function: str, problem: Problem) -> Any:
        child = self._trial.members.hold(self._start)
        asked = getattr(self._trial.module, function), [problem.n], [problem.seed]
        ((_, found),) = run_all(child, *asked)
        return found

    def warm_up(self) -> None:
        """Start it, have it do a smaller one, and make the matrix."""
        for problem in (self._problem.smaller(), self._problem):
            self._ask("make", problem)
            if problem is not self._problem:
                self._ask("solve", problem)

    def once(self) -> Outcome:
        """Have it solve; then ask for the errors."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            self._ask("solve", problem)
        (residual, orthogonality), threads = self._ask("errors", problem)
        # What BLAS has made of it: it may take fewer.
        trial.members.workers = threads
        right, answer, verdict = judge(residual=residual, orthogonality=orthogonality)
        return Outcome(trial.seconds, problem.work, answer, right, verdict)
