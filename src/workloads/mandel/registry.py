"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

from workloads.bench.technique import COMPILED, Technique
from workloads.device.cuda import NO_NUMBA_CUDA, no_device
from workloads.device.opencl import no_driver
from workloads.parallel.java import NO_PYSPARK, no_java
from workloads.parallel.workers import no_subinterpreters

_HERE = "workloads.mandel.techniques."

# The areas with an answer of their own in single precision.
SINGLE = ("area1-single", "area2-single")

# What a worker or a rank computes its rows with: the first that can run here.
ROW_KERNELS = ("simd", "cython", "numba", "numpy")


TECHNIQUES = {
    "python": Technique(
        _HERE + "python", "pure Python, complex numbers, abs(z) > 2", needs=("numpy",), slow=True
    ),
    "python-2": Technique(
        _HERE + "python_2",
        "pure Python, real and imaginary part apart",
        needs=("numpy",),
        slow=True,
    ),
    "python-no-abs": Technique(
        _HERE + "python_no_abs",
        "pure Python, complex numbers without abs: no square root, more steps",
        needs=("numpy",),
        slow=True,
    ),
    "python-inline": Technique(
        _HERE + "python_inline",
        "pure Python, nothing left in the loops but the iteration",
        needs=("numpy",),
        slow=True,
    ),
    "numpy": Technique(
        _HERE + "numpy_masked", "NumPy, active points only, real arithmetic", needs=("numpy",)
    ),
    "numba-inner": Technique(
        _HERE + "numba_inner",
        "Numba on the inner function alone, called by Python's loops over lists",
        needs=("numpy", "numba"),
        slow=True,
    ),
    "numpy-loops": Technique(
        _HERE + "numpy_loops",
        "the same function and loops over NumPy's arrays: slower than over lists",
        needs=("numpy", "numba"),
        slow=True,
    ),
    "numba-complex": Technique(
        _HERE + "numba_complex",
        "Numba, loops and function as in python compiled: complex numbers, abs(z) > 2",
        needs=("numpy", "numba"),
    ),
    "numba": Technique(
        _HERE + "numba_scalar", "Numba, the scalar loop compiled", needs=("numpy", "numba")
    ),
    "numpy-single": Technique(
        _HERE + "numpy_single", "NumPy, float32", needs=("numpy",), problems=SINGLE
    ),
    "numba-single": Technique(
        _HERE + "numba_single",
        "Numba, the scalar loop compiled for float32",
        needs=("numpy", "numba"),
        problems=SINGLE,
    ),
    "numba-complex64": Technique(
        _HERE + "numba_complex64",
        "Numba, complex64, abs(z) > 2",
        needs=("numpy", "numba"),
        problems=SINGLE,
    ),
    "numba-parallel": Technique(
        _HERE + "numba_parallel",
        "Numba, rows dealt out to threads as they become free (prange)",
        needs=("numpy", "numba"),
        parallel="threads",
        one_core=("numba",),
    ),
    "vectorize": Technique(
        _HERE + "numba_vectorize",
        "Numba, the scalar definition made a NumPy ufunc",
        needs=("numpy", "numba"),
    ),
    "vectorize-parallel": Technique(
        _HERE + "numba_vectorize_parallel",
        "Numba, the same ufunc in threads, one block of points each",
        needs=("numpy", "numba"),
        parallel="threads",
        one_core=("vectorize",),
    ),
    "guvectorize": Technique(
        _HERE + "numba_guvectorize",
        "Numba, a generalised ufunc that takes a row",
        needs=("numpy", "numba"),
    ),
    "cardioid": Technique(
        _HERE + "cardioid",
        "Numba, with the formula for two parts of the set that need no test",
        needs=("numpy", "numba"),
    ),
    "cython": Technique(
        _HERE + "cython",
        "Cython, the scalar loop in C",
        needs=("numpy", "workloads.mandel._kernels_cython"),
        absent=COMPILED,
    ),
    "f2py": Technique(
        _HERE + "f2py",
        "Fortran 2008, called through f2py",
        needs=("numpy", "workloads.mandel._kernels_f2py"),
        absent=COMPILED,
    ),
    "simd": Technique(
        _HERE + "simd",
        "C on vector instructions, in threads on all cores",
        needs=("numpy", "workloads.mandel._kernels_simd"),
        absent=COMPILED,
        parallel="threads",
        limit="limit",
    ),
    "threads": Technique(
        _HERE + "threads",
        "a pool of threads, the compiled kernel lets go of the GIL",
        needs=("numpy",),
        parallel="threads",
        one_core=ROW_KERNELS,
    ),
    "threads-python": Technique(
        _HERE + "threads_python",
        "the same threads with pure Python, which the GIL lets run one at a time",
        needs=("numpy",),
        parallel="threads",
        one_core=("python-2",),
        slow=True,
    ),
    "subinterpreters": Technique(
        _HERE + "subinterpreters",
        "subinterpreters with a GIL each, a C module that fits into them",
        needs=("numpy", "workloads.mandel._kernels_simd"),
        absent=COMPILED,
        parallel="threads",
        one_core=("simd",),
        obstacle=no_subinterpreters,
    ),
    "subinterpreters-python": Technique(
        _HERE + "subinterpreters_python",
        "subinterpreters with pure Python: a GIL each, so they do run at once",
        needs=("numpy",),
        parallel="threads",
        one_core=("python-2",),
        slow=True,
        obstacle=no_subinterpreters,
    ),
    "pyopencl": Technique(
        _HERE + "opencl",
        "OpenCL C on a GPU or, without one, on the CPU",
        needs=("numpy", "pyopencl"),
        parallel="device",
        obstacle=no_driver,
    ),
    "pyopencl-single": Technique(
        _HERE + "opencl_single",
        "OpenCL C with float in place of double, as in the NIH's talk",
        needs=("numpy", "pyopencl"),
        parallel="device",
        obstacle=no_driver,
        problems=SINGLE,
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
    "multiprocessing": Technique(
        _HERE + "processes",
        "a pool of processes of a fork server, which take small groups of rows",
        needs=("numpy",),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "multiprocessing-lists": Technique(
        _HERE + "processes_lists",
        "the same pool, but rows come back as lists: each number is pickled",
        needs=("numpy", "numba"),
        parallel="processes",
        one_core=("numba",),
    ),
    "fork": Technique(
        _HERE + "forked",
        "a pool of forked processes, Python's default until 3.13",
        needs=("numpy",),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "queue": Technique(
        _HERE + "worker_queue",
        "worker processes written out: a queue of tasks, one of results",
        needs=("numpy",),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "dask": Technique(
        _HERE + "dask_cluster",
        "Dask futures on a local cluster, or on DASK_SCHEDULER_FILE's",
        needs=("numpy", "dask", "distributed"),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "spark": Technique(
        _HERE + "spark",
        "Spark, tasks of an RDD on a local cluster, or on SPARK_MASTER's",
        needs=("numpy", "pyspark"),
        absent=NO_PYSPARK,
        parallel="processes",
        one_core=ROW_KERNELS,
        obstacle=no_java,
    ),
    "ipyparallel": Technique(
        _HERE + "ipyparallel_engines",
        "IPython engines behind a load-balanced view",
        needs=("numpy", "ipyparallel"),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "mpi-block": Technique(
        _HERE + "mpi_block",
        "MPI, one block of neighbouring rows a rank",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
    "mpi-cyclic": Technique(
        _HERE + "mpi_cyclic",
        "MPI, every n-th row to each of n ranks",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
    "mpi-dynamic": Technique(
        _HERE + "mpi_dynamic",
        "MPI, each rank draws its next rows from a one-sided counter",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
    "mpi-p2p": Technique(
        _HERE + "mpi_p2p",
        "MPI, rank 0 sends rows to the others one message at a time",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = (
    "mpi-cyclic", "simd", "numba-parallel", "cython", "f2py", "numba", "numpy", "python-2",
    "numba-single", "numpy-single",
)  # fmt: skip
