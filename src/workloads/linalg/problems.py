"""What is computed, and how its answer is checked."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpcpy_common import machine
from workloads.bench.workload import Outcome
from workloads.device import cuda
from workloads.linalg import blas
from workloads.linalg.registry import THREADS

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial

# Rows of the warm-up, before the clock starts: enough for BLAS to start its threads.
_WARM_UP = 200
# Peak bytes for each element, where it is not that of eigenvalues and vectors.
_BYTES = {"dot": 8 * 5, "addone": 8 * 2, "mean": 8 * 2}
BYTES_OF_EIGH = 8 * 8
# Of techniques that do several tasks at once: in half of it.
FREE_MEMORY = {"numpy-batch": machine.available_memory, "cupy-batch": cuda.free_memory}


@dataclass(frozen=True)
class Problem:
    """One task at one size: see the help of ``--task`` and ``-n``.

    `count` matrices are for ``tasks`` alone; `swept` says that there are several sizes.
    """

    task: str
    n: int
    seed: int
    count: int = 1
    swept: bool = False

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

    @property
    def function(self) -> str:
        """The name of the function that does it, in the file of a technique for several tasks."""
        return "eigh" if self.task == "gram" else self.task

    def given(self) -> dict[str, Any]:
        """Return what a technique may name of it."""
        numbers = {"n": self.n, "seed": self.seed, "seeds": self.seeds}
        arrays = self.arrays()
        names = ("first", "second") if len(arrays) > 1 else ("matrix",)
        return numbers | dict(zip(names, arrays, strict=False))

    def arrays(self) -> tuple[Any, ...]:
        """Return the NumPy arrays that a technique gets, made before the clock starts."""
        from workloads.linalg import definition  # noqa: PLC0415  (--help imports no numpy)

        match self.task:
            case "eigh":
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
        self._problem, self._trial = problem, trial
        technique = trial.technique
        if len(technique.problems) > 1:
            # A function for each task, by its name.
            trial.technique = replace(technique, where=f"{technique.module}:{problem.function}")
        if problem.task == "threads":
            trial.workers.count = 1  # a process, whose threads are counted below
        self._size = 0  # of a batch
        if trial.name in FREE_MEMORY:
            most = FREE_MEMORY[trial.name]() // 2 // (BYTES_OF_EIGH * problem.n**2)
            self._size = min(max(1, most), problem.count)

    def warm_up(self) -> None:
        """Do a smaller problem, and make this one's matrices; JAX compiles for one size alone."""
        most = self._problem.n if self._trial.name == "jax" else _WARM_UP
        n, count = min(self._problem.n, most), min(self._problem.count, 8)
        # Its module is imported before: the variable is not for this process's BLAS.
        _ = self._trial.compute
        with self._threads_of_processes():
            self.answer(replace(self._problem, n=n, count=count))
        self._problem.arrays()

    def once(self) -> Outcome:
        """Do it; check what rank 0 returns."""
        problem, trial = self._problem, self._trial
        with trial.clock():
            result = self.answer(problem)
        # A process of its own has measured itself.
        seconds = result[0] if problem.task == "threads" else trial.seconds
        right, answer, verdict = True, "", ""
        if trial.is_first:
            right, answer, verdict = problem.check(result)
        return Outcome(seconds, problem.work, answer, right, verdict, self._note())

    def answer(self, problem: Problem) -> Any:
        """Return what the technique gives for a problem, at most as large as its own."""
        result = self._trial.call(**problem.given(), size=self._size)
        if problem.task == "threads":
            *result, self._trial.workers.count = result
        return result

    def _threads_of_processes(self) -> contextlib.AbstractContextManager[None]:
        """Set the threads of BLAS in the processes that start meanwhile."""
        name, workers = self._trial.name, self._trial.workers
        if name in THREADS:
            return blas.threads(THREADS[name])
        if name == "multiprocessing" and not blas.given():
            return blas.threads(_share_of_cores(workers.count))
        return contextlib.nullcontext()

    def _note(self) -> str:
        """Return the device, what the row says, and numbers of this run."""
        own, name = "", self._trial.name
        if self._size:
            own = f"{self._size:,} matrices a call"
        elif name == "multiprocessing":
            count = _share_of_cores(self._trial.workers.count)
            own = f"{blas.given() or f'OMP_NUM_THREADS={count}'} in each process"
        elif name == "numpy" and self._problem.arrays():
            own = blas.here()
        return ", ".join(filter(None, (self._trial.note, own)))


def _share_of_cores(workers: int) -> int:
    return max(1, machine.cores() // workers)
