"""What is computed: one class for each, and how its answer is checked."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from workloads.bench import machine
from workloads.errors import UsageError
from workloads.linalg import definition
from workloads.linalg.attempts import AttemptHere, AttemptOfChild
from workloads.linalg.registry import THREADS

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array
    from workloads.bench.result import Result
    from workloads.bench.run import Trial
    from workloads.bench.workload import Attempt

# Rows of the warm-up, before the clock starts: enough for BLAS to start its threads.
_WARM_UP = 200


@dataclass(frozen=True)
class Problem:
    """The base of all problems.

    Parameters
    ----------
    n
        Rows and columns of a matrix, or elements of an array.
    seed
        The random generator's.
    swept
        Whether it is one of several sizes.
    """

    n: int
    seed: int
    swept: bool = field(default=False, kw_only=True)

    # Its name in the registry.
    task: ClassVar[str]
    # Peak memory: bytes for each element.
    bytes_each: ClassVar[int] = 8 * 8

    @property
    def name(self) -> str:
        """The task, and the size if it is one of several."""
        return f"{self.task} {self.n}" if self.swept else self.task

    @property
    def title(self) -> str:
        """The line above the table."""
        return f"linalg {self.task}: {self.size}, seed {self.seed}"

    @property
    def size(self) -> str:
        """How much there is."""
        return f"{self.n:,} × {self.n:,}"

    @property
    def work(self) -> int:
        """The nominal number of floating point operations."""
        # With eigenvectors: Golub and Van Loan, Matrix Computations, 8.3.
        return 9 * self.n**3

    @property
    def elements(self) -> int:
        """How many numbers an array has."""
        return self.n * self.n

    def parameters(self) -> Mapping[str, object]:
        """Return size and seed, and the number of tasks if it has one."""
        return {name: value for name, value in vars(self).items() if name != "swept"}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse what does not fit into memory.

        Raises
        ------
        UsageError
            With the memory that is needed and that is available.
        """
        need, there = self.bytes_each * self.elements, machine.available_memory()
        if there and need > there:
            raise UsageError(
                f"-n {self.n} needs {need / 2**30:,.1f} GiB of memory for {self.task}, "
                f"{there / 2**30:,.1f} are available"
            )
        return ""

    def smaller(self) -> Any:
        """Return a small problem to warm up with."""
        return replace(self, n=min(self.n, _WARM_UP))

    def attempt(self, trial: Trial) -> Attempt:
        """Return what a technique does."""
        return AttemptHere(self, trial)

    def finish(self, result: Result) -> None:
        """Say that all of it was done."""
        result.total = self.work

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return nothing: the verdicts say it."""
        del results
        return []

    def check(self, found: Any) -> tuple[bool, str, str]:
        """Return whether a technique's answer is right, what identifies it, and the verdict."""
        raise NotImplementedError


class Eigh(Problem):
    """Eigenvalues and vectors of one matrix."""

    task = "eigh"

    def matrix(self) -> Float64Array:
        """Return the matrix, made once."""
        return _symmetric(self.n, self.seed)

    def check(self, found: Any) -> tuple[bool, str, str]:
        """Check the residual and the orthogonality."""
        import numpy as np  # noqa: PLC0415

        residual, orthogonality = definition.eigh_errors(np, self.matrix(), *found)
        return definition.judge(residual=residual, orthogonality=orthogonality)


class Gram(Eigh):
    """Eigenvalues and vectors of the talk's matrix."""

    task = "gram"

    @property
    def size(self) -> str:
        """How much there is, and of what."""
        return f"b.T @ b of {super().size}"

    def matrix(self) -> Float64Array:
        """Return the matrix, made once."""
        return _gram(self.n, self.seed)


_symmetric = functools.lru_cache(maxsize=2)(definition.symmetric)
_gram = functools.lru_cache(maxsize=2)(definition.gram)


@dataclass(frozen=True)
class Tasks(Problem):
    """Eigenvalues and vectors of many matrices; each worker checks its own.

    Parameters
    ----------
    count
        How many matrices.
    """

    count: int

    task = "tasks"

    @property
    def size(self) -> str:
        """How many, and how large each is."""
        return f"{self.count:,} of {super().size}"

    @property
    def work(self) -> int:
        """The nominal number of floating point operations; the checks are not counted."""
        return super().work * self.count

    def seeds(self) -> range:
        """Return the seed of each task."""
        return range(self.seed, self.seed + self.count)

    def smaller(self) -> Tasks:
        """Return a few, so that each worker has begun."""
        return replace(self, n=min(self.n, _WARM_UP), count=min(self.count, 8))

    def check(self, found: Any) -> tuple[bool, str, str]:
        """Check that all tasks were done, and judge the worst errors."""
        if len(found) != self.count:
            return False, "", f"WRONG: {len(found):,} of {self.count:,} tasks were done"
        residuals, orthogonalities = zip(*found, strict=True)
        right = [definition.judge(residual=r, orthogonality=o)[0] for r, o in found]
        _, answer, said = definition.judge(
            residual=max(residuals), orthogonality=max(orthogonalities)
        )
        if all(right):
            return True, answer, f"at most {said}"
        return False, answer, f"WRONG: {right.count(False):,} tasks, {said.removeprefix('WRONG: ')}"


class Dot(Problem):
    """The product of two matrices."""

    task = "dot"
    bytes_each = 8 * 5

    @property
    def work(self) -> int:
        """How many floating point operations."""
        return int(2 * self.n**3)

    def factors(self) -> tuple[Float64Array, Float64Array]:
        """Return both factors, made once."""
        return definition.uniform(self.n, self.seed), definition.uniform(self.n, self.seed + 1)

    def check(self, found: Any) -> tuple[bool, str, str]:
        """Compare the product with its factors, by one vector."""
        return definition.judge(error=definition.dot_error(*self.factors(), found))


class AddOne(Problem):
    """One is added to each element of an array, and the array is summed up."""

    task = "addone"
    bytes_each = 8 * 2
    formula: ClassVar[str] = "n·(n + 1) / 2"

    @property
    def title(self) -> str:
        """The line above the table."""
        return f"linalg {self.task}: {self.n:,} elements"

    @property
    def work(self) -> int:
        """How many floating point operations."""
        return 2 * self.n

    @property
    def elements(self) -> int:
        """How many there are."""
        return self.n

    @property
    def want(self) -> float:
        """What is right: every partial sum is exact."""
        return self.n * (self.n + 1) // 2

    def check(self, found: Any) -> tuple[bool, str, str]:
        """Compare with the formula."""
        if found == self.want:
            return True, str(self.want), f"{self.want:,}, exactly {self.formula}"
        return False, str(found), f"WRONG: {found}, not {self.want}"


class Mean(AddOne):
    """The mean of an array, computed by the library that it belongs to."""

    task = "mean"
    formula = "(n − 1) / 2"

    @property
    def work(self) -> int:
        """How many floating point operations."""
        return self.n

    @property
    def want(self) -> float:
        """What is right: every partial sum is exact."""
        return (self.n - 1) / 2


class Threads(Eigh):
    """The same eigenvalues, in processes whose BLAS has more and more threads."""

    task = "threads"

    def attempt(self, trial: Trial) -> Attempt:
        """Return what a technique does."""
        return AttemptOfChild(self, trial)

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the default's rate as a share of the best."""
        default = next((result for result in results if not THREADS[result.impl]), None)
        best = max(results, key=lambda result: result.rate, default=None)
        if default is None or best is None or len(results) == 1:
            return []
        return [f"by default: {default.rate / best.rate:.0%} of the best rate, {best.impl}'s"]
