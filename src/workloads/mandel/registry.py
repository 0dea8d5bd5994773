"""The techniques there are, and the kernels that workers and ranks compute their rows with.

Adding a technique is a function in the file of its kind, and a line here. A function of one core
is ``fill(xs, ys, maxiter, out)``: it fills ``out[row, column]``, int32 of shape
``(len(ys), len(xs))``, with the escape time of ``xs[column] + i ys[row]``.

One of many is ``compute(grid, rows, out, workers) -> note``: it fills ``out[k]`` with row
``rows[k]`` of the grid, by the workers; the note is what the report should say. If it can use
any kernel (`one_core` is ``KERNELS``), its fifth argument names the kernel. An MPI technique is
called on every rank together and fills `out` on rank 0; only there does `out` have that shape.
"""

from __future__ import annotations

import functools
import importlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpcpy_common.machine import no_cuda_device, no_opencl_driver
from workloads.bench.workload import COMPILED, IN_SPARK, NO_NUMBA_CUDA, Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

    Fill = Callable[[Float64Array, Float64Array, int, Int32Array], None]


def no_compiler() -> str:
    """Return why no C can be compiled here, or an empty string."""
    return "" if shutil.which("cc") else "no C compiler: run it in the image hpcpy-dev"


# What a worker or a rank computes its rows with: by default the first that can run here.
KERNELS = ("numba", "cython", "numpy", "simd")
# The areas with an answer of their own in single precision.
SINGLE = ("area1-single", "area2-single")
# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20

_SIMD = "workloads.mandel._kernels_simd"
_CYTHON = "workloads.mandel._kernels_cython"
_F2PY = "workloads.mandel._kernels_f2py"
_NUMBA = ("numpy", "numba")
_SLOW: dict[str, Any] = {"needs": _NUMBA, "slow": True}
_THREADS: dict[str, Any] = {"parallel": "threads"}
_PROCESSES: dict[str, Any] = {"parallel": "processes", "one_core": KERNELS}
_RANKS: dict[str, Any] = {"needs": ("numpy", "mpi4py"), "parallel": "ranks", "one_core": KERNELS}
_CUDA: dict[str, Any] = {"parallel": "device", "obstacle": no_cuda_device}
_OPENCL: dict[str, Any] = {
    "needs": ("numpy", "pyopencl"), "parallel": "device", "obstacle": no_opencl_driver
}  # fmt: skip


def _row(
    where: str, summary: str, needs: Sequence[str] = ("numpy",), absent: str = "", **more: Any
) -> Technique:
    return Technique(f"workloads.mandel.{where}", summary, tuple(needs), absent, **more)


# fmt: off
TECHNIQUES = {
    "python": _row("python:complex_numbers", "pure Python, complex numbers, abs(z) > 2", slow=True),
    "python-2": _row("python:two_reals", "pure Python, real and imaginary part apart", slow=True),
    "python-inline": _row("python:inline", "pure Python, the iteration alone in loops", slow=True),
    "numpy": _row("numpy_:fill", "NumPy, active points only, real arithmetic"),
    "numba-inner": _row("numba_:inner", "Numba on the function, Python loops over lists", **_SLOW),
    "numpy-loops": _row("numba_:array_loops", "the same over arrays: slower than lists", **_SLOW),
    "numba-complex": _row("numba_:complex_loops", "Numba on the loops, too: all of python", _NUMBA),
    "numba": _row("numba_:fill", "Numba, the scalar loop compiled", _NUMBA),
    "numpy-single": _row("numpy_:fill", "NumPy, float32", problems=SINGLE),
    "numba-single": _row("numba_:single", "Numba, float32", _NUMBA, problems=SINGLE),
    "numba-parallel": _row(
        "numba_ufuncs:parallel", "Numba, threads take rows as they become free (prange)",
        _NUMBA, **_THREADS, one_core=("numba",)),
    "vectorize": _row("numba_ufuncs:ufunc", "Numba, the function made a NumPy ufunc", _NUMBA),
    "guvectorize": _row(
        "numba_ufuncs:gufunc", "Numba, a generalised ufunc: it takes a row a call", _NUMBA),
    "vectorize-parallel": _row(
        "numba_ufuncs:parallel_ufunc", "Numba, the same ufunc in threads, one block of points each",
        _NUMBA, **_THREADS, one_core=("vectorize",)),
    "cython": Technique(
        f"{_CYTHON}:fill", "Cython, the scalar loop in C", ("numpy", _CYTHON), COMPILED),
    "f2py": _row("compiled:f2py", "Fortran 2008, called through f2py", ("numpy", _F2PY), COMPILED),
    "ctypes": _row(
        "foreign:by_ctypes", "a shared object of C, called through ctypes", obstacle=no_compiler),
    "cffi": _row(
        "foreign:by_cffi", "the same through cffi, by its declaration in C", ("numpy", "cffi"),
        "cffi is not here: run it in hpcpy-dev, or in a venv pip install cffi",
        obstacle=no_compiler),
    "simd": _row(
        "compiled:simd", "C on vector instructions, the limit of this machine: in threads",
        ("numpy", _SIMD), COMPILED, **_THREADS),
    "threads": _row(
        "compiled:threads", "a pool of threads, the compiled kernel lets go of the GIL",
        **_THREADS, one_core=KERNELS),
    "pyopencl": _row("devices:opencl", "OpenCL C on a GPU or, without one, on the CPU", **_OPENCL),
    "pyopencl-single": _row("devices:opencl", "OpenCL C with float", **_OPENCL, problems=SINGLE),
    "cupy": _row("devices:cupy", "CUDA C, compiled by CuPy", ("numpy", "cupy"), **_CUDA),
    "numba-cuda": _row(
        "devices:numba_cuda", "Numba for CUDA, the kernel in Python",
        (*_NUMBA, "numba_cuda"), NO_NUMBA_CUDA, **_CUDA),
    "multiprocessing": _row("processes:pool", "a pool of forked processes", **_PROCESSES),
    "multiprocessing-lists": _row(
        "processes:lists", "a pool whose rows come back as lists: each number is pickled",
        _NUMBA, parallel="processes", one_core=("numba",)),
    "dask": _row(
        "processes:dask", "Dask futures: a local cluster, or DASK_SCHEDULER_ADDRESS's",
        ("numpy", "dask", "distributed"), **_PROCESSES),
    "spark": Technique(
        "workloads_spark.techniques:mandel",
        "Spark, tasks of an RDD on a local cluster, or on SPARK_MASTER's",
        ("numpy", "pyspark", "workloads_spark"), IN_SPARK, **_PROCESSES),
    "mpi-block": _row("mpi:block", "MPI, one block of neighbouring rows a rank", **_RANKS),
    "mpi-cyclic": _row("mpi:cyclic", "MPI, every n-th row to each of n ranks", **_RANKS),
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = (
    "mpi-cyclic", "numba-parallel", "cython", "f2py", "numba", "numpy", "python-2",
    "numba-single", "numpy-single", "simd",
)
# fmt: on


def first_kernel() -> str:
    """Return the first kernel that can run here."""
    return next((name for name in KERNELS[:-1] if not TECHNIQUES[name].why_not()), "numpy")


def of_kernel(kernel: str) -> dict[str, Technique]:
    """Return the techniques that compute with this kernel: their efficiency is of it."""
    return {
        name: replace(technique, one_core=(kernel,))
        for name, technique in TECHNIQUES.items()
        if technique.one_core == KERNELS
    }


def function(name: str, kernel: str) -> Callable[[Grid, range, Int32Array, Workers], str]:
    """Return a technique's function, to be called in one way for all."""
    technique = TECHNIQUES[name]
    compute = technique.load()
    if technique.parallel == "no":
        return lambda grid, rows, out, _: compute(*grid.axes(rows), grid.maxiter, out) or ""
    return functools.partial(compute, kernel=kernel) if technique.one_core == KERNELS else compute


def row_groups(height: int, width: int, workers: int, each: int = _GROUPS) -> list[slice]:
    """Cut rows into about `each` slices a worker, to be dealt out to workers as they ask."""
    length = max(1, min(-(-height // (each * workers)), _GROUP_BYTES // (4 * width)))
    return [slice(first, min(first + length, height)) for first in range(0, height, length)]


@functools.cache
def load_kernel(kernel: str) -> Fill:
    """Return ``fill(xs, ys, maxiter, out)``, which computes on one core."""
    # The technique simd has threads of its own.
    fill: Fill
    fill = importlib.import_module(_SIMD).fill if kernel == "simd" else TECHNIQUES[kernel].load()
    return fill


def kernel_module(kernel: str) -> str:
    """Return the module that a fork server imports for all workers."""
    return _SIMD if kernel == "simd" else TECHNIQUES[kernel].module


def kernel_name(kernel: str) -> str:
    """Return the kernel's name, and the level of its vector instructions, if any."""
    return f"simd {importlib.import_module(_SIMD).levels[0]}" if kernel == "simd" else kernel


def compute_rows(grid: Grid, wanted: range, kernel: str) -> Int32Array:
    """Return the escape times of the `wanted` rows, int32 of ``(len(wanted), width)``."""
    import numpy as np  # noqa: PLC0415

    out = np.empty((len(wanted), grid.width), np.int32)
    load_kernel(kernel)(*grid.axes(wanted), grid.maxiter, out)
    return out
