"""Compiled loops, on one core and shared among threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba

from workloads.heat.plate import Plate, R, Solved, march

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array

_SIGNATURE = "void(float64[:, ::1], float64[:, ::1], int64, int64)"


@numba.njit(_SIGNATURE, cache=True, nogil=True)
def sweep(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
    """Do one step of the rows from `first` to before `last`: what ranks and processes call."""
    for i in range(first, last):
        for j in range(1, old.shape[1] - 1):
            around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
            new[i, j] = old[i, j] + R * (around - 4.0 * old[i, j])


@numba.njit(_SIGNATURE, cache=True, nogil=True, parallel=True)
def threaded_sweep(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
    """Do the same, a share of the rows in each thread."""
    for i in numba.prange(first, last):
        for j in range(1, old.shape[1] - 1):
            around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
            new[i, j] = old[i, j] + R * (around - 4.0 * old[i, j])


def loops(plate: Plate) -> Solved:
    """Compile the loops of pure Python."""
    return march(plate, *plate.start(), lambda old, new: sweep(old, new, 1, len(old) - 1))


def threads(plate: Plate, workers: int) -> Solved:
    """Share the rows among threads: `prange`."""
    numba.set_num_threads(workers)
    return march(plate, *plate.start(), lambda old, new: threaded_sweep(old, new, 1, len(old) - 1))


def cython(plate: Plate) -> Solved:
    """Hand both arrays to C as typed memory views: nothing is copied."""
    from workloads.heat._kernels_cython import sweep as in_c  # noqa: PLC0415

    return march(plate, *plate.start(), lambda old, new: in_c(old, new, R))


if __name__ == "__main__":
    print(threads(Plate(512, 100), numba.get_num_threads()).field)
