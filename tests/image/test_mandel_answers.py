"""Every technique gives the same bytes, whatever the size and the workers."""

import contextlib
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from needed import need

from hpcpy_common.errors import UnavailableError, UsageError
from hpcpy_common.machine import no_cuda_device
from tiers import sampled
from workloads.bench.workload import Trial
from workloads.mandel.grid import AREAS, SINGLE_AREAS, Area, Grid
from workloads.mandel.python import escape_time
from workloads.mandel.registry import KERNELS, SINGLE, TECHNIQUES, compute, no_compiler, note
from workloads.parallel.workers import Workers

GPU = {"cupy", "numba-cuda"}
# They have answers of their own, in single precision.
SINGLES = [name for name, technique in TECHNIQUES.items() if technique.problems == SINGLE]
# The ranks have a file of their own: they need a launcher. Spark is in another image:
# tests/image_spark. Dask's cluster takes seconds to start. Without a GPU its rows are left out,
# and not skipped; so are those of a compiler: tests/image_dev.
ELSEWHERE = {"spark", "dask", *SINGLES, *(GPU if no_cuda_device() else ())}
ELSEWHERE |= {"ctypes", "cffi"} if no_compiler() else set()
LOCAL = [
    name
    for name, technique in TECHNIQUES.items()
    if technique.parallel != "ranks" and name not in ELSEWHERE
]
SLOW = [name for name in LOCAL if TECHNIQUES[name].slow]
FAST = [name for name in LOCAL if name not in SLOW]
PARALLEL = [name for name in LOCAL if TECHNIQUES[name].parallel in ("threads", "processes")]

WINDOWS = {
    "odd": Grid(-2.0, 0.5, -1.25, 1.25, 7, 13, 50),
    "one pixel": Grid(-0.1, 0.5, 0.1, 1.25, 1, 1, 50),
    "wide": Grid(-2.0, 0.5, -1.25, 1.25, 1000, 3, 30),
    "high": Grid(-2.0, 0.5, -1.25, 1.25, 3, 1000, 30),
    "none escapes": Grid(-0.1, 0.1, -0.1, 0.1, 33, 21, 40),
    "one test": Grid(-2.0, 0.5, -1.25, 1.25, 33, 21, 1),
    "on the border": Grid(-2.0, 2.0, -2.0, 2.0, 5, 5, 40),
    # Where rounding decides whether what has escaped comes back.
    "within rounding of 2": Grid(-2.0 - 1e-15, -2.0 + 1e-15, -1e-15, 1e-15, 33, 3, 90),
    "overflow": Grid(-1e200, 1e200, -1e200, 1e200, 5, 5, 40),
}


_pairs: dict[Any, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def end_of_workers() -> Iterator[Any]:
    yield
    end_pairs()


def end_pairs() -> None:
    while _pairs:
        _pairs.popitem()[1].__exit__(None, None, None)


def pair(name: str) -> Any:
    """Return a technique's two processes, which most tests share: one fork server at a time."""
    if name not in _pairs:
        end_pairs()
    return _pairs.setdefault(name, Workers(2))


def trial(name: str, workers: Workers) -> Trial:
    return Trial(name, TECHNIQUES[name], workers, contextlib.nullcontext)


def answer(name: str, grid: Any, rows: Any, workers: Any = 2, kernel: str = KERNELS[0]) -> Any:
    reason = TECHNIQUES[name].why_not()
    if reason:
        absent(name, reason)
    out = np.full((len(rows), grid.width), -1, np.int32)
    shared = workers == 2 and TECHNIQUES[name].parallel == "processes"
    if not shared:
        end_pairs()
    with contextlib.nullcontext(pair(name)) if shared else Workers(workers) as members:
        try:
            compute(trial(name, members), grid, rows, out, kernel)
        except UnavailableError as error:
            absent(name, error)
    return out


def absent(name: str, reason: Any) -> None:
    """Skip what a GPU node may lack; all else is in the image, or it is broken."""
    need(*TECHNIQUES[name].needs)
    (pytest.skip if name in GPU else pytest.fail)(f"{name}: {reason}")


def definition(grid: Grid, rows: Any) -> Any:
    xs, ys = grid.axes(rows)
    return [[escape_time(x, y, grid.maxiter) for x in xs.tolist()] for y in ys.tolist()]


def digest(out: Any) -> Any:
    return hashlib.sha256(out.astype("<i4").tobytes()).hexdigest()


@functools.cache
def reference(area: Any) -> Any:
    """Return the whole area by the fastest kernel, held to the stored hashes."""
    out = answer("simd", area.grid, range(area.grid.height))
    assert digest(out) == area.sha256
    # area1 is small enough for slow techniques to compute it whole.
    assert digest(out[area.grid.sample()]) == (area.sample_sha256 or area.sha256)
    assert int(out.sum(dtype="i8")) + out.size == area.tests
    return out


@pytest.mark.parametrize("name", sampled([*KERNELS, "f2py"]))
def test_each_kernel_has_the_reference_bytes_of_the_whole_area2(name: Any) -> None:
    grid = AREAS["area2"].grid
    assert (answer(name, grid, range(grid.height)) == reference(AREAS["area2"])).all()


@pytest.mark.parametrize("name", FAST)
def test_every_technique_has_the_reference_bytes(name: str) -> None:
    # All of area1; of area2, which shows every fused operation, each fifth row.
    for area, step in ((AREAS["area1"], 1), (AREAS["area2"], 5)):
        rows = range(0, area.grid.height, step)
        assert (answer(name, area.grid, rows) == reference(area)[rows]).all()


@pytest.mark.parametrize("name", SINGLES)
@pytest.mark.parametrize("area", SINGLE_AREAS.values(), ids=SINGLE_AREAS)
def test_single_precision_has_bytes_of_its_own(area: Area, name: str) -> None:
    rows = range(area.grid.height)
    got = answer(name, area.grid, rows)
    assert digest(got) == area.sha256
    double = AREAS[area.name.removesuffix("-single")]
    assert (got != reference(double)).sum() == area.differing
    assert got.sum(dtype="i8") + got.size == area.tests


@pytest.mark.parametrize("name", SINGLES)
def test_single_precision_is_the_definition_in_numpys_float32(name: str) -> None:
    grid = replace(WINDOWS["odd"], dtype="f4")
    rows = range(grid.height)
    xs, ys = grid.axes(rows)
    wanted = [[escape_time(x, y, grid.maxiter) for x in xs] for y in ys]
    assert answer(name, grid, rows).tolist() == wanted


@pytest.mark.parametrize("name", SLOW)
def test_some_rows_of_both_areas_are_those_of_the_fast_techniques(name: str) -> None:
    for area in AREAS.values():
        rows = range(0, area.grid.height, 125)
        assert (answer(name, area.grid, rows) == reference(area)[rows]).all()


@pytest.mark.parametrize("workers", sampled([2, 3]))
def test_a_cluster_of_dask_has_the_same_bytes(workers: int) -> None:
    need(*TECHNIQUES["dask"].needs)
    grids = [WINDOWS["odd"]]
    if workers == 3:
        grids += [AREAS["area1"].grid, WINDOWS["one pixel"], WINDOWS["wide"]]
    end_pairs()
    with Workers(workers) as members:
        for grid in grids:
            out = np.full((grid.height, grid.width), -1, np.int32)
            compute(trial("dask", members), grid, range(grid.height), out, KERNELS[0])
            assert digest(out) == digest(answer("numba", grid, range(grid.height)))


@pytest.mark.parametrize("grid", sampled(WINDOWS.values()), ids=WINDOWS)
@pytest.mark.parametrize("name", LOCAL)
def test_odd_windows_agree_with_the_definition(name: str, grid: Any) -> None:
    # All of them, and some.
    for rows in (range(grid.height), range(grid.height // 6, grid.height, 4)):
        assert answer(name, grid, rows).tolist() == definition(grid, rows)


# The wide one has three rows for five workers.
@pytest.mark.parametrize(
    ("window", "workers"), sampled([("odd", 3), ("wide", 5), ("odd", 1), ("odd", 5)], keep=2)
)
@pytest.mark.parametrize("name", PARALLEL)
def test_the_number_of_workers_does_not_matter(name: str, window: str, workers: int) -> None:
    grid = WINDOWS[window]
    rows = range(grid.height)
    assert answer(name, grid, rows, workers).tolist() == definition(grid, rows)


def test_more_threads_than_numba_was_started_for_is_said() -> None:
    with pytest.raises(UsageError, match="NUMBA_NUM_THREADS"):
        answer("numba-parallel", WINDOWS["odd"], range(13), 10_000)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", ["threads", "multiprocessing"])
def test_any_kernel_gives_the_same_bytes(name: str, kernel: str) -> None:
    area = AREAS["area1"]
    rows = range(0, area.grid.height, 7)
    end_pairs()
    with Workers(2) as workers:
        out = np.full((len(rows), area.grid.width), -1, np.int32)
        tried = trial(name, workers)
        compute(tried, area.grid, rows, out, kernel)
        assert note(tried, kernel).startswith(kernel)
    assert (out == reference(area)[rows]).all()
