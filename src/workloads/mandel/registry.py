"""The techniques there are, and the kernels that workers and ranks compute their rows with.

Adding a technique is a function in the file of its kind, and a line here. It is
``function(xs, ys, maxiter, out, …)``: it fills ``out[row, column]``, int32 of shape
``(len(ys), len(xs))``, with the escape time of ``xs[column] + i ys[row]``. What else it may name,
`workloads.parallel.given` says; and ``compute``, which returns the rows of some ys: so workers use
any kernel, a function of one core. A device's may return its kernel's seconds.

An MPI technique is called on every rank together and fills `out` on rank 0; only there does
`out` have that shape.
"""

from __future__ import annotations

import functools
import importlib
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpcpy_common.machine import no_cuda_device, no_opencl_driver
from workloads.bench.workload import COMPILED, IN_SPARK, NO_NUMBA_CUDA, Technique

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workloads.bench.workload import Float64Array, Int32Array, Trial
    from workloads.mandel.grid import Grid


def no_compiler() -> str:
    """Return why no C can be compiled here, or an empty string."""
    return "" if shutil.which("cc") else "no C compiler: run it in the image hpcpy-dev"


# What a worker or a rank computes its rows with: by default the first that can run here.
KERNELS = ("numba", "cython", "numpy", "simd")
# The areas with an answer of their own in single precision.
SINGLE = ("area1-single", "area2-single")

_SIMD = "workloads.mandel._kernels_simd"
_CYTHON = "workloads.mandel._kernels_cython"
_F2PY = "workloads.mandel._kernels_f2py"
_NUMBA = ("numpy", "numba")
_SLOW: dict[str, Any] = {"needs": _NUMBA, "slow": True}
_THREADS: dict[str, Any] = {"parallel": "threads", "starts": "thread"}
# The report names the kernel, and the level of its vector instructions.
_IN_EACH: dict[str, Any] = {"one_core": KERNELS, "note": "{kernel} in each"}
_PROCESSES: dict[str, Any] = {"parallel": "processes", **_IN_EACH}
_RANKS: dict[str, Any] = {"needs": ("numpy", "mpi4py"), "parallel": "ranks", **_IN_EACH}
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
    "numba-single": _row("numba_:fill", "Numba, float32", _NUMBA, problems=SINGLE),
    "numba-parallel": _row(
        "numba_ufuncs:parallel", "Numba, threads take rows as they become free (prange)",
        _NUMBA, **_THREADS, one_core=("numba",)),
    "vectorize": _row("numba_ufuncs:ufunc", "Numba, the function made a NumPy ufunc", _NUMBA),
    "guvectorize": _row(
        "numba_ufuncs:gufunc", "Numba, a generalised ufunc: it takes a row a call", _NUMBA),
    "vectorize-parallel": _row(
        "numba_ufuncs:parallel_ufunc", "Numba, the same ufunc in threads, one block of points each",
        _NUMBA, **_THREADS, one_core=("vectorize",), note="one block of points each"),
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
        ("numpy", _SIMD), COMPILED, **_THREADS, note="{level}"),
    "threads": _row(
        "compiled:threads", "a pool of threads, the compiled kernel lets go of the GIL",
        **_THREADS, one_core=KERNELS, note="{kernel} without the GIL"),
    "pyopencl": _row("opencl:fill", "OpenCL C on a GPU or, without one, on the CPU", **_OPENCL),
    "pyopencl-single": _row("opencl:fill", "OpenCL C with float", **_OPENCL, problems=SINGLE),
    "cupy": _row(
        "cupy_:fill", "CUDA C, compiled by CuPy", ("numpy", "cupy"), **_CUDA, starts="cupy"),
    "numba-cuda": _row(
        "numba_gpu:fill", "Numba for CUDA, the kernel in Python",
        (*_NUMBA, "numba_cuda"), NO_NUMBA_CUDA, **_CUDA, starts="numba"),
    "multiprocessing": _row("processes:pool_map", "a pool of forked processes", **_PROCESSES),
    "multiprocessing-lists": _row(
        "processes:lists", "a pool whose rows come back as lists: each number is pickled",
        _NUMBA, parallel="processes", one_core=("numba",), note="numba in each, rows sent as lists"
    ),
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


@dataclass(frozen=True)
class Kernel:
    """A technique of one core, which goes to a worker by its name: few can be pickled."""

    name: str

    @property
    def module(self) -> str:
        """What a fork server imports for all workers."""
        return _SIMD if self.name == "simd" else TECHNIQUES[self.name].module

    def __call__(
        self, xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, /
    ) -> None:
        """Compute on one core."""
        _fill(self.name)(xs, ys, maxiter, out)


@functools.cache
def _fill(kernel: str) -> Any:
    # The technique simd has threads of its own.
    return importlib.import_module(_SIMD).fill if kernel == "simd" else TECHNIQUES[kernel].load()


def compute(trial: Trial, grid: Grid, rows: range, out: Int32Array, kernel: str) -> None:
    """Have a technique fill ``out[k]`` with row ``rows[k]`` of a grid."""
    from workloads.mandel.rows import compute_rows  # noqa: PLC0415  (--list imports no numpy)

    fill = Kernel(kernel)
    xs, ys = grid.axes(rows)
    rows_of = functools.partial(compute_rows, fill, xs, grid.maxiter)
    problem = {"xs": xs, "ys": ys, "maxiter": grid.maxiter, "out": out, "compute": rows_of}
    # What is Numba's compiles as it is imported: a fork server does that for all workers.
    own = ["workloads.mandel.numba_"] if "numba" in trial.technique.needs else []
    seconds = trial.call(modules=[fill.module, *own], **problem)
    if seconds is not None:
        trial.workers.kernel_seconds += seconds


def note(trial: Trial, kernel: str) -> str:
    """Return what the report says of a technique, which may compute with this kernel."""
    is_simd = "simd" in (trial.name, kernel) and "{" in trial.note
    level = importlib.import_module(_SIMD).levels[0] if is_simd else ""
    return trial.note.format(kernel=f"{kernel} {level}".strip(), level=level)
