"""The techniques there are; adding one is a function and a row here."""

from __future__ import annotations

from functools import partial

from workloads.bench.technique import COMPILED, IN_SPARK, Technique
from workloads.device.cuda import NO_NUMBA_CUDA, no_device
from workloads.device.opencl import no_driver
from workloads.parallel.workers import no_subinterpreters

_HERE = "workloads.pi.definition:"
_COMPILED, _DEVICES, _NUMBA, _PROCESSES, _THREADS = (
    f"workloads.pi.techniques.{file}:"
    for file in ("compiled", "devices", "numba_", "processes", "threads")
)
_NP, _JIT, _CL, _CP = ("numpy",), ("numpy", "numba"), ("numpy", "pyopencl"), ("numpy", "cupy")
_DASK, _MPI = ("dask", "distributed"), ("mpi4py",)
_CUDA, _BOTH = (*_JIT, "numba_cuda"), (*_JIT, *_MPI)
_CYTHON, _SIMD = (("numpy", f"workloads.pi._kernels_{kind}") for kind in ("cython", "simd"))
# A row's efficiency refers to that of pure Python, or of Numba, on one core.
_threads = partial(Technique, parallel="threads", one_core=("python",))
_waiting = partial(Technique, parallel="threads", waits=True)
_processes = partial(Technique, parallel="processes", one_core=("python",))
_ranks = partial(Technique, parallel="ranks")
_device = partial(Technique, parallel="device")
_gpu = partial(_device, obstacle=no_device)

# The talk's stream: worker w draws from random.Random(seed + w).
SEEDED = {
    "python": Technique(_HERE + "python", "pure Python, one worker"),
    "cython-seeded": Technique(
        _COMPILED + "cython_seeded", "Cython, the same numbers, the loop in C", _CYTHON, COMPILED
    ),
    "threads": _threads(_THREADS + "threads", "threads, which the GIL lets count one at a time"),
    "sleep-threads": _waiting(_THREADS + "sleep_threads", "the same, but they wait for numbers"),
    "sleep": _waiting(_THREADS + "sleep", "the same, but they count in C", _CYTHON, COMPILED),
    "multiprocessing": _processes(_PROCESSES + "multiprocessing", "processes, a GIL each"),
    "fork": _processes(_PROCESSES + "fork", "forked processes: unsafe where threads hold locks"),
    "subinterpreters": _threads(
        _THREADS + "subinterpreters", "threads with a GIL each", obstacle=no_subinterpreters
    ),
    "dask": _processes(
        _PROCESSES + "dask", "Dask futures: a local cluster, or DASK_SCHEDULER_ADDRESS's", _DASK
    ),
    "spark": _processes(
        "workloads_spark.techniques:pi",
        "Spark's RDD on a local cluster, or SPARK_MASTER's",
        ("workloads_spark",),
        IN_SPARK,
    ),
    "mpi": _ranks(_PROCESSES + "mpi", "MPI, a share to each rank", _MPI, one_core=("python",)),
}

# Counter-based: pair i of the Philox stream is the same, whoever counts it.
PHILOX = {
    "numpy": Technique(_HERE + "numpy", "NumPy, its own generator, in chunks", _NP),
    "numba": Technique(_NUMBA + "numba", "Numba, generator and test in one compiled loop", _JIT),
    "numba-parallel": _threads(
        _NUMBA + "numba_parallel", "Numba, the same in threads (prange)", _JIT, one_core=("numba",)
    ),
    "cython": Technique(
        _COMPILED + "cython", "Cython, NumPy's generator, the loop in C", _CYTHON, COMPILED
    ),
    "simd": Technique(
        _COMPILED + "simd", "C on vector instructions, threads", _SIMD, COMPILED, "threads"
    ),
    "pyopencl": _device(
        _DEVICES + "pyopencl", "OpenCL C on a GPU, else on the CPU", _CL, obstacle=no_driver
    ),
    "mpi-numba": _ranks(_NUMBA + "mpi_numba", "MPI, Numba's loop", _BOTH, one_core=("numba",)),
    "cupy": _gpu(_DEVICES + "cupy", "CUDA C on an NVIDIA GPU, by CuPy", _CP),
    "numba-cuda": _gpu(_DEVICES + "numba_cuda", "CUDA in Python, by Numba", _CUDA, NO_NUMBA_CUDA),
}

TECHNIQUES = {**SEEDED, **PHILOX}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi-numba", "simd", "numba-parallel", "cython", "numba", "numpy", "python")
