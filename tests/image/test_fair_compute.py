"""Rows of one slide draw as many pairs, iterate as many points, solve the same matrices."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from needed import need

from workloads.bench.workload import Technique
from workloads.talk import slides

PAIRS, TASKS, ROWS = 3_000, 5, 24
# What may differ between the rows of a slide: its lesson, or what it says of itself.
LESSONS = {
    ("nih", 7): {"tests"},  # in single precision other points escape
    ("nih", 9): {"tests"},
}


class Pool(ThreadPoolExecutor):
    """A thread of this process in place of worker processes and of Dask's."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(1)

    def map(self, *words: Any, **_: object) -> list[Any]:  # type: ignore[override]
        return [*super().map(*words)]

    def gather(self, answers: list[Any]) -> list[Any]:
        return answers


class Here:
    """Three workers, or one rank, that are in this process, so that its counters see them."""

    def __init__(self) -> None:
        self.count, self.kernel_seconds, self._pool = 3, 0.0, Pool()

    @property
    def comm(self) -> Any:
        from mpi4py import MPI

        return MPI.COMM_SELF

    def started(self, *_: object) -> Pool:
        return self._pool


def counting(function: Callable[..., Any], done: Counter[str], name: str, of: Any) -> Any:
    """Return a function that also adds what `of` tells of each call's arguments."""

    def call(*words: Any, **named: Any) -> Any:
        done[name] += of(*words, **named)
        return function(*words, **named)

    return call


def pi(name: str, technique: Technique, _: str, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how many pairs a technique draws."""
    import numpy as np

    from workloads.pi import _kernels_cython, compiled, definition, pools

    done: Counter[str] = Counter()

    class Drawn(Random):
        def random(self) -> float:
            done["numbers"] += 1
            return super().random()

    patch.setattr(definition, "random", SimpleNamespace(Random=Drawn))
    count = counting(_kernels_cython.count, done, "numbers", lambda _, pairs: 2 * pairs)
    patch.setattr(_kernels_cython, "count", count)
    patch.setattr(compiled, "count", count)
    generator = np.random.Generator

    def philox(bits: Any) -> Any:
        random = generator(bits).random
        return SimpleNamespace(random=counting(random, done, "numbers", lambda out: out.size))

    patch.setattr(np.random, "Generator", philox)
    patch.setattr(pools, "ProcessPoolExecutor", Pool)
    guard = SimpleNamespace(wait=lambda _: None)
    patch.setattr(pools, "guarded", lambda *_: contextlib.nullcontext(guard))
    technique.load()(PAIRS, 1, Here())
    assert done["numbers"] == 2 * PAIRS, name
    return done


def mandel(name: str, technique: Technique, _: str, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Return for how many points a technique is asked, and how often |z|² > 4 is."""
    import numpy as np

    from workloads.mandel import registry
    from workloads.mandel.grid import AREAS, SINGLE_AREAS, Grid

    area = "area2-single" if technique.problems else "area2"
    whole = (AREAS | SINGLE_AREAS)[area].grid
    window = (whole.xmin, whole.xmax, whole.ymin, whole.ymax)
    grid = Grid(*window, ROWS, ROWS, whole.maxiter, whole.dtype)
    done: Counter[str] = Counter()
    # A pool and ranks compute by a kernel; all others take their points from the grid.
    kernels, axes = registry.load_kernel, Grid.axes
    fill = counting(kernels("numba"), done, "points", lambda *words: words[3].size)
    # After that: a technique's load says how many threads Numba may have, before its import.
    from workloads.mandel import numba_

    row = counting(numba_.row_as_list, done, "points", lambda xs, *_: len(xs))
    patch.setattr(registry, "load_kernel", lambda _: fill)
    patch.setattr(numba_, "row_as_list", row)
    taken = counting(axes, done, "taken", lambda grid, rows: grid.width * len(rows))
    patch.setattr(Grid, "axes", taken)
    out, workers = np.zeros((ROWS, ROWS), np.int32), Here()
    if "numba" in technique.needs:
        workers.count = 1  # of Numba's threads there may be fewer than three
    registry.function(name, "numba")(grid, range(ROWS), out, workers)  # type: ignore[arg-type]
    done["points"] = done["points"] or done["taken"]
    assert done["points"] == done.pop("taken") == out.size, name
    done["tests"] = int(out.sum()) + out.size
    return done


def linalg(
    name: str, technique: Technique, command: str, patch: pytest.MonkeyPatch
) -> Counter[str]:
    """Return which matrices a technique gives LAPACK, by shape and sum."""
    import numpy as np

    from workloads.linalg.problems import Problem
    from workloads.linalg.registry import THREADS

    (task,) = re.findall(r"--task (\S+)", command)
    problem = Problem(task, ROWS, 1, TASKS if task == "tasks" else 1, threads=THREADS.get(name, 0))
    done: Counter[str] = Counter()
    solve = np.linalg.eigh

    def eigh(matrices: Any) -> Any:
        for matrix in np.atleast_3d(matrices.T).T:
            done[f"eigh of {matrix.shape}, {matrix.sum():.6f}"] += 1
        return solve(matrices)

    patch.setattr(np.linalg, "eigh", eigh)
    technique.load()(problem, Here())
    assert done.total() == problem.count, name
    return done


COUNTS = {"pi": pi, "mandel": mandel, "linalg": linalg}
SLIDES = {
    (talk, number): rows
    for talk in slides.TALKS
    for number, slide in slides.talk(talk).slides.items()
    # addone and dot have one row without a GPU.
    if len(
        rows := {
            name: (each, technique)
            for each in slide.experiments
            if each.workload in COUNTS and not re.search("--task (addone|dot)", each.command)
            for name, technique in each.techniques.items()
        }
    )
    > 1
}


@pytest.mark.parametrize("slide", SLIDES, ids=str)
def test_rows_of_a_slide_compute_as_much_but_for_its_lesson(slide: tuple[str, int]) -> None:
    need("numpy", "mpi4py", "numba", "distributed", "pyopencl")
    rows: dict[str, Counter[str]] = {}
    for name, (experiment, technique) in SLIDES[slide].items():
        if not technique.why_not():
            with pytest.MonkeyPatch.context() as patch:
                count = COUNTS[experiment.workload]
                rows[name] = count(name, technique, experiment.command, patch)
    assert len(rows) > 1
    kinds = set().union(*rows.values())
    differing = {kind for kind in kinds if len({row[kind] for row in rows.values()}) > 1}
    assert differing == LESSONS.get(slide, set()), rows
