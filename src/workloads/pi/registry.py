"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

from workloads.bench.technique import COMPILED, IN_SPARK, Technique
from workloads.device.cuda import NO_NUMBA_CUDA, no_device
from workloads.device.opencl import no_driver
from workloads.parallel.workers import no_subinterpreters

_HERE = "workloads.pi.techniques."

# The talk's stream: worker w draws from random.Random(seed + w).
SEEDED = {
    "python": Technique(_HERE + "python", "pure Python, one worker"),
    "cython-seeded": Technique(
        _HERE + "cython_seeded",
        "Cython, Python's own generator and the loop in C",
        needs=("workloads.pi._kernels_twister",),
        absent=COMPILED,
    ),
    "threads": Technique(
        _HERE + "threads",
        "threads, which the GIL lets count one at a time",
        parallel="threads",
        one_core=("python",),
    ),
    "sleep-threads": Technique(
        _HERE + "sleep_threads",
        "the same, waiting for each batch of numbers: who waits lets go of the GIL",
        parallel="threads",
        waits=True,
    ),
    "sleep": Technique(
        _HERE + "sleep",
        "threads that wait for each batch and count it in C: hardly anything but waiting",
        needs=("workloads.pi._kernels_twister",),
        absent=COMPILED,
        parallel="threads",
        waits=True,
    ),
    "multiprocessing": Technique(
        _HERE + "processes",
        "processes of a fork server, a GIL each",
        parallel="processes",
        one_core=("python",),
    ),
    "fork": Technique(
        _HERE + "forked",
        "forked processes, Python's default until 3.13: unsafe where threads hold locks",
        parallel="processes",
        one_core=("python",),
    ),
    "subinterpreters": Technique(
        _HERE + "subinterpreters",
        "subinterpreters, a GIL each in the threads of one process",
        parallel="threads",
        one_core=("python",),
        obstacle=no_subinterpreters,
    ),
    "dask": Technique(
        _HERE + "dask_cluster",
        "Dask futures on a local cluster, or on DASK_SCHEDULER_FILE's",
        needs=("dask", "distributed"),
        parallel="processes",
        one_core=("python",),
    ),
    "spark": Technique(
        "workloads_spark.techniques:pi",
        "Spark, tasks of an RDD on a local cluster, or on SPARK_MASTER's",
        needs=("workloads_spark",),
        absent=IN_SPARK,
        parallel="processes",
        one_core=("python",),
    ),
    "mpi": Technique(
        _HERE + "mpi",
        "MPI, a share to each rank, the counts summed up on the first",
        needs=("mpi4py",),
        parallel="ranks",
        one_core=("python",),
    ),
}

# Counter-based: pair i of the Philox stream is the same, whoever counts it.
PHILOX = {
    "numpy": Technique(
        _HERE + "numpy_stream", "NumPy, its own generator, in chunks", needs=("numpy",)
    ),
    "numba": Technique(
        _HERE + "numba_scalar",
        "Numba, generator and test in one compiled loop",
        needs=("numpy", "numba"),
    ),
    "numba-parallel": Technique(
        _HERE + "numba_parallel",
        "Numba, the same loop in threads (prange)",
        needs=("numpy", "numba"),
        parallel="threads",
        one_core=("numba",),
    ),
    "cython": Technique(
        _HERE + "cython",
        "Cython, the same loop in C with 128-bit products",
        needs=("numpy", "workloads.pi._kernels_cython"),
        absent=COMPILED,
    ),
    "simd": Technique(
        _HERE + "simd",
        "C on vector instructions, in threads on all cores",
        needs=("numpy", "workloads.pi._kernels_simd"),
        absent=COMPILED,
        parallel="threads",
    ),
    "pyopencl": Technique(
        _HERE + "opencl",
        "OpenCL C on a GPU or, without one, on the CPU",
        needs=("numpy", "pyopencl"),
        parallel="device",
        obstacle=no_driver,
    ),
    "mpi-numba": Technique(
        _HERE + "mpi_numba",
        "MPI, Numba's loop on each rank's share",
        needs=("numpy", "numba", "mpi4py"),
        parallel="ranks",
        one_core=("numba",),
    ),
    "cupy": Technique(
        _HERE + "cuda_cupy",
        "CUDA C on an NVIDIA GPU, compiled and started by CuPy",
        needs=("numpy", "cupy"),
        parallel="device",
        obstacle=no_device,
    ),
    "numba-cuda": Technique(
        _HERE + "cuda_numba",
        "Numba for CUDA, the kernel in Python",
        needs=("numpy", "numba", "numba_cuda"),
        absent=NO_NUMBA_CUDA,
        parallel="device",
        obstacle=no_device,
    ),
}

TECHNIQUES = {**SEEDED, **PHILOX}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi-numba", "simd", "numba-parallel", "cython", "numba", "numpy", "python")
