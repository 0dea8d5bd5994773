"""What is computed, and how its answer is checked."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpcpy_common import machine
from workloads.bench.workload import Outcome
from workloads.linalg.registry import THREADS

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial

# Rows of the warm-up, before the clock starts: enough for BLAS to start its threads.
_WARM_UP = 200
# Peak bytes for each element, where it is not that of eigenvalues and vectors.
_BYTES = {"dot": 8 * 5, "addone": 8 * 2, "mean": 8 * 2}
BYTES_OF_EIGH = 8 * 8


@dataclass(frozen=True)
class Problem:
    """One task at one size: see the help of ``--task`` and ``-n``.

    `count` matrices are for ``tasks`` alone; `swept` says that there are several sizes;
    `threads` is BLAS's number for the task ``threads``, 0 for its default.
    """

    task: str
    n: int
    seed: int
    count: int = 1
    swept: bool = False
    threads: int = 0

    @property
    def name(self) -> str:
        """The task, and the size if it is one of several."""
        return f"{self.task} {self.n}" if self.swept else self.task

    @property
    def title(self) -> str:
        if self.task in ("addone", "mean"):
            return f"linalg {self.task}: {self.n:,} numbers"
        many = {"tasks": f"{self.count:,} of ", "gram": "b.T @ b of "}.get(self.task, "")
        return f"linalg {self.task}: {many}{self.n:,} × {self.n:,}, seed {self.seed}"

    @property
    def work(self) -> int:
        """The nominal number of floating point operations; checks are not counted."""
        # Eigenvalues and vectors: Golub and Van Loan, Matrix Computations, 8.3.
        n = self.n
        other = {"dot": 2 * n**3, "addone": 2 * n, "mean": n}
        return other.get(self.task, 9 * n**3 * self.count)

    @property
    def seeds(self) -> range:
        """The seed of each matrix."""
        return range(self.seed, self.seed + self.count)

    def arrays(self) -> tuple[Any, ...]:
        """Return the NumPy arrays that a technique gets, made before the clock starts."""
        from workloads.linalg import definition  # noqa: PLC0415  (--help imports no numpy)

        match self.task:
            case "eigh" | "threads":
                return (definition.symmetric(self.n, self.seed),)
            case "gram":
                return (definition.gram(self.n, self.seed),)
            case "dot":
                return tuple(definition.uniform(self.n, self.seed + each) for each in (0, 1))
        return ()

    def check(self, result: Any) -> tuple[bool, str, str]:
        """Return whether a technique's answer is right, what identifies it, and the verdict."""
        from workloads.linalg import definition  # noqa: PLC0415

        return definition.check(self, result)

    def parameters(self) -> Mapping[str, object]:
        names = ("n", "seed", "count") if self.task == "tasks" else ("n", "seed")
        return {name: getattr(self, name) for name in names}

    def prepare(self, _: Sequence[str]) -> None:
        """Refuse what does not fit into memory."""
        elements = self.n if self.task in ("addone", "mean") else self.n * self.n
        need = elements * _BYTES.get(self.task, BYTES_OF_EIGH)
        machine.require_memory(need, f"-n {self.n}", f" for {self.task}")

    def remarks(self, _: Sequence[Result]) -> list[str]:
        return []  # the table says it all


class Attempt:
    """One technique at one problem."""

    def __init__(self, problem: Problem, trial: Trial) -> None:
        self._problem = replace(problem, threads=THREADS.get(trial.name, 0))
        self._trial = trial

    def warm_up(self) -> None:
        """Do a smaller problem, and make this one's matrices; JAX compiles for one size alone."""
        most = self._problem.n if self._trial.name == "jax" else _WARM_UP
        n, count = min(self._problem.n, most), min(self._problem.count, 8)
        self._trial.compute(replace(self._problem, n=n, count=count), self._trial.workers)
        self._problem.arrays()

    def once(self) -> Outcome:
        """Do it; check what rank 0 returns."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            result, note = trial.compute(problem, trial.workers)
        # A process of its own has measured itself.
        seconds = result[0] if problem.task == "threads" else trial.seconds
        right, answer, verdict = True, "", ""
        if trial.is_first:
            right, answer, verdict = problem.check(result)
        return Outcome(seconds, problem.work, answer, right, verdict, note)
