"""Rows of one slide do as much: draw, iterate, solve, write; but for what its lesson names."""

import contextlib
import queue
import re
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from needed import need

from workloads.bench.workload import Technique
from workloads.talk import slides
from workloads.write import registry
from workloads.write.definition import Series

PAIRS, TASKS, ROWS = 3_000, 5, 24
# What may differ between the rows of a slide: its lesson, or what it says of itself.
LESSONS = {
    # In single precision other points escape.
    ("nih", 7): {"tests"},
    ("nih", 9): {"tests"},
    ("usc", 13): {"bytes"},  # text or binary
    ("usc", 14): {"bytes", "files"},  # many files or one
    ("usc", 42): {"bytes", "files"},
    ("usc", 43): {"bytes", "files"},
    ("usc", 45): {"bytes", "files"},  # a file an array, or one by all ranks
}


def slides_with(*workloads: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Return each slide's rows of some workloads: by technique, its experiment and itself."""
    return {
        (talk, number): {
            name: (each, technique)
            for each in slide.experiments
            # addone and dot have one row without a GPU.
            if each.workload in workloads and not re.search("--task (addone|dot)", each.command)
            for name, technique in each.techniques.items()
        }
        for talk in slides.TALKS
        for number, slide in slides.talk(talk).slides.items()
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


def differing(rows: dict[str, Counter[str]]) -> set[str]:
    """Return the counts in which the rows of a slide differ."""
    kinds = set[str]().union(*rows.values())
    return {kind for kind in kinds if len({row[kind] for row in rows.values()}) > 1}


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
COMPUTING = {slide: rows for slide, rows in slides_with(*COUNTS).items() if len(rows) > 1}


@pytest.mark.parametrize("slide", COMPUTING, ids=str)
def test_rows_of_a_slide_compute_as_much_but_for_its_lesson(slide: tuple[str, int]) -> None:
    need("numpy", "mpi4py", "numba", "distributed", "pyopencl")
    rows: dict[str, Counter[str]] = {}
    for name, (experiment, technique) in COMPUTING[slide].items():
        if not technique.why_not():
            with pytest.MonkeyPatch.context() as patch:
                count = COUNTS[experiment.workload]
                rows[name] = count(name, technique, experiment.command, patch)
    assert len(rows) > 1
    assert differing(rows) == LESSONS.get(slide, set()), rows


SERIES = Series(4, 16)
WRITING = {slide: rows for slide, rows in slides_with("write", "read").items() if rows}


class Writer(Here):
    """One worker, whose queues are read by a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 1

    def started(self, *start: object) -> Any:
        from workloads.write import processes

        if processes.queues not in start:
            return self._pool
        queues = [queue.SimpleQueue[Any]() for _ in range(3)]
        # As at the workers' end.
        worker = Thread(target=processes._work, args=(*queues, lambda: None), daemon=True)
        worker.start()
        return *queues, [worker]


OPENED: list[str] = []
sys.addaudithook(lambda event, args: OPENED.append(str(args[0])) if event == "open" else None)


def written() -> int:
    """Return the bytes that this process has given to write so far."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"])


def write(name: str, folder: Path, workers: Writer, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how many numbers, bytes and files a technique computes and writes."""
    from workloads.write import hdf5, numpy_, processes, python

    done: Counter[str] = Counter()
    technique = registry.TECHNIQUES[name].load()
    formula = counting(numpy_.values, done, "numbers", lambda x, *_: x.size)
    for module in (numpy_, hdf5, processes):
        patch.setattr(module, "values", formula)
    patch.setattr(python, "_value", counting(python._value, done, "numbers", lambda *_: 1))
    before = written()
    OPENED.clear()
    technique(SERIES, folder, workers)
    done["bytes"] = written() - before
    # HDF5 opens files by itself, each once.
    opened = sum(path.startswith(f"{folder}/") for path in OPENED)
    done["files"] = max(opened, len([*folder.iterdir()]))
    assert done["numbers"] == SERIES.n * SERIES.s**2, name
    assert done["bytes"] >= SERIES.bytes, name
    return done


@pytest.mark.parametrize("slide", WRITING, ids=str)
def test_rows_of_a_slide_write_as_much_but_for_its_lesson(
    slide: tuple[str, int], tmp_path: Path
) -> None:
    need("numpy", "h5py", "mpi4py")
    rows, workers = {}, Writer()
    assert workers.comm.size == 1  # begins MPI, before anything is counted
    for name in sorted(WRITING[slide]):
        (tmp_path / name).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            rows[name] = write(name, tmp_path / name, workers, patch)
    assert differing(rows) == LESSONS.get(slide, set()), rows
