"""One technique at one problem: what is timed, and what is not."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from workloads.bench.workload import Outcome
from workloads.linalg.definition import judge
from workloads.linalg.registry import THREADS

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.linalg.problems import Problem, Threads


class AttemptHere:
    """One technique at one problem, in this process.

    Parameters
    ----------
    problem
        What to compute; the technique's function has the name of its task.
    trial
        The technique and its workers.
    """

    def __init__(self, problem: Problem, trial: Trial) -> None:
        self._problem, self._trial = problem, trial
        self._function = getattr(trial.module, problem.task)

    def warm_up(self) -> None:
        """Do a smaller problem, and make this one's matrices."""
        self._function(self._problem.smaller(), self._trial.workers)
        # Made here, so that it is not timed.
        for name in ("matrix", "factors"):
            getattr(self._problem, name, tuple)()

    def once(self) -> Outcome:
        """Do it; check what rank 0 returns."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            found, note = self._function(problem, trial.workers)
        right, answer, verdict = True, "", ""
        if trial.job.first:
            right, answer, verdict = problem.check(found)
        return Outcome(trial.seconds, problem.work, answer, right, verdict, note)


class AttemptOfChild:
    """One number of threads, in a process of its own.

    Parameters
    ----------
    problem
        Whose matrix is to be solved.
    trial
        The technique, whose name gives the number of threads.
    """

    def __init__(self, problem: Threads, trial: Trial) -> None:
        self._problem, self._trial = problem, trial
        self._start = functools.partial(trial.module.child, THREADS[trial.name])

    def _ask(self, function: str, problem: Problem) -> Any:
        child = self._trial.workers.hold(self._start)
        asked = getattr(self._trial.module, function)
        return child.submit(asked, problem.n, problem.seed).result()

    def warm_up(self) -> None:
        """Start the process, have it solve a smaller matrix, and make this one."""
        for problem in (self._problem.smaller(), self._problem):
            self._ask("make", problem)
            if problem is not self._problem:
                self._ask("solve", problem)

    def once(self) -> Outcome:
        """Have the process solve, timed; then ask it for the errors."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            self._ask("solve", problem)
        (residual, orthogonality), threads = self._ask("errors", problem)
        # The threads that BLAS has started: it may start fewer than asked for.
        trial.workers.count = threads
        right, answer, verdict = judge(residual=residual, orthogonality=orthogonality)
        return Outcome(trial.seconds, problem.work, answer, right, verdict)
