"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

from workloads.bench import machine
from workloads.bench.technique import Technique
from workloads.device.cuda import NO_NUMBA_CUDA, no_device

_HERE = "workloads.linalg.techniques."

_CORES = machine.cores()
# OMP_NUM_THREADS by name, up to twice the cores; "unset" leaves it unset.
THREADS = {
    f"omp-{count or 'unset'}": count
    for count in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
    if count <= 2 * _CORES
}

TECHNIQUES = {
    "numpy": Technique(
        _HERE + "numpy_here",
        "NumPy in this process; BLAS has threads",
        needs=("numpy",),
        problems=("eigh", "gram", "dot", "addone", "mean"),
    ),
    "serial": Technique(
        _HERE + "numpy_here",
        "NumPy in this process, one after the other",
        needs=("numpy",),
        problems=("tasks",),
    ),
    "numpy-batch": Technique(
        _HERE + "numpy_batch",
        "NumPy in this process, a stack of matrices a call",
        needs=("numpy",),
        problems=("tasks",),
    ),
    "multiprocessing": Technique(
        _HERE + "processes",
        "processes of a fork server, which share the cores",
        needs=("numpy",),
        parallel="processes",
        one_core=("serial",),
        problems=("tasks",),
    ),
    "mpi": Technique(
        _HERE + "mpi",
        "MPI, every so many tasks to each rank",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=("serial",),
        problems=("tasks",),
    ),
    "dask": Technique(
        _HERE + "dask_cluster",
        "Dask futures on a local cluster, or on DASK_SCHEDULER_FILE's",
        needs=("numpy", "dask", "distributed"),
        parallel="processes",
        one_core=("serial",),
        problems=("tasks",),
    ),
    "dask-array": Technique(
        _HERE + "dask_array",
        "Dask's arrays in threads",
        needs=("numpy", "dask"),
        parallel="threads",
        one_core=("numpy",),
        problems=("mean",),
    ),
    "cupy": Technique(
        _HERE + "cuda_cupy",
        "CuPy on an NVIDIA GPU",
        needs=("numpy", "cupy"),
        parallel="device",
        obstacle=no_device,
        problems=("eigh", "gram", "tasks", "dot", "mean"),
    ),
    "cupy-batch": Technique(
        _HERE + "cuda_cupy_batch",
        "CuPy, a stack of matrices a call",
        needs=("numpy", "cupy"),
        parallel="device",
        obstacle=no_device,
        problems=("tasks",),
    ),
    "cupy-mpi": Technique(
        _HERE + "cuda_cupy_mpi",
        "MPI, the ranks of a node on its GPUs",
        needs=("numpy", "cupy", "mpi4py"),
        parallel="ranks",
        obstacle=no_device,
        problems=("tasks",),
    ),
    "numba-cuda": Technique(
        _HERE + "cuda_numba",
        "Numba's kernel on CuPy's array, NumPy's sum of it",
        needs=("numpy", "cupy", "numba", "numba_cuda"),
        absent=NO_NUMBA_CUDA,
        parallel="device",
        obstacle=no_device,
        problems=("addone",),
    ),
    **{
        name: Technique(
            _HERE + "omp",
            f"a process with OMP_NUM_THREADS={count}" if count else "a process without it",
            needs=("numpy",),
            parallel="threads",
            one_core=("omp-1",),
            problems=("threads",),
        )
        for name, count in THREADS.items()
    },
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi", "multiprocessing", "serial", "numpy", "omp-unset")
