"""The techniques there are; adding one is a function in the file of its kind, and a row here.

``function(…) -> answer`` names what it needs: ``matrix`` for ``eigh`` and ``gram``, ``first`` and
``second`` for ``dot``, ``n`` for ``addone`` and ``mean``, ``n`` and ``seeds`` for ``tasks``, and
what `workloads.parallel.given` says. A row for several tasks has a function for each in its file,
by the task's name. The answer of ``eigh`` is (values, vectors), of ``tasks`` the values of each,
as `definition.solve` returns them, of ``dot`` the product, of ``addone`` and ``mean`` a number:
NumPy's arrays, never a GPU's. All ranks call one for MPI; rank 0's answer counts.
"""

from __future__ import annotations

from functools import partial

from hpcpy_common import machine
from workloads.bench.workload import NO_NUMBA_CUDA, Technique

_CORES = machine.cores()
# OMP_NUM_THREADS by row, up to twice the cores; 0 leaves it unset.
THREADS = {
    f"omp-{count or 'unset'}": count
    for count in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
    if count <= 2 * _CORES
}

_NUMPY, _PROCESSES, _CUPY, _NUMBA, _ARRAYS = (
    f"workloads.linalg.{file}:" for file in ("numpy_", "processes", "cupy_", "numba_gpu", "arrays")
)
_LIMITED = ("numpy", "threadpoolctl")
_NP, _CP, _MPI = ("numpy",), ("numpy", "cupy"), ("numpy", "mpi4py")
_CP_MPI = ("numpy", "cupy", "mpi4py")
_DASK, _ALL_FOUR = ("numpy", "dask", "distributed"), (*_CP, "numba", "numba_cuda")
_HERE = ("eigh", "gram", "dot", "addone", "mean")
_ON_GPU = ("eigh", "gram", "tasks", "dot", "mean")
# What any package of the array API computes by the same lines.
_ANY = partial(Technique, problems=("eigh", "dot", "mean"))
_tasks = partial(Technique, problems=("tasks",))
_ranks = partial(_tasks, parallel="ranks")
_processes = partial(_tasks, parallel="processes", one_core=("serial",))
_gpu = partial(Technique, parallel="device", obstacle=machine.no_cuda_device, starts="cupy")
_addone = partial(_gpu, absent=NO_NUMBA_CUDA, problems=("addone",), starts="cupy,numba")

TECHNIQUES = {
    "numpy": Technique(
        _NUMPY + "eigh", "NumPy in this process; BLAS has threads", _NP, problems=_HERE
    ),
    "serial": _tasks(
        _NUMPY + "serial", "NumPy in this process, one after the other", _LIMITED,
        note="with one thread of BLAS",
    ),
    "numpy-batch": _tasks(
        _NUMPY + "batch", "NumPy in this process, a stack of matrices a call", _NP
    ),
    "multiprocessing": _processes(_PROCESSES + "pool_map", "processes of a pool", _NP),
    "mpi": _ranks(
        _PROCESSES + "mpi", "MPI, every n-th task to each of n ranks", _MPI, one_core=("serial",)
    ),
    "dask": _processes(
        _PROCESSES + "dask", "Dask futures: a local cluster, or DASK_SCHEDULER_ADDRESS's", _DASK,
        note="Dask sets OMP_NUM_THREADS=1 in workers that it starts",
    ),
    "cupy": _gpu(_CUPY + "eigh", "CuPy on an NVIDIA GPU", _CP, problems=_ON_GPU),
    "cupy-batch": _gpu(
        _CUPY + "batch", "CuPy, a stack of matrices a call", _CP, problems=("tasks",)
    ),
    "cupy-mpi": _ranks(
        _CUPY + "mpi", "MPI, ranks on a node's GPUs", _CP_MPI, obstacle=machine.no_cuda_device
    ),
    "dask-array": Technique(
        _ARRAYS + "dask", "dask.array: pieces of an array, in threads", _DASK[:2],
        parallel="threads", one_core=("numpy",), problems=("mean",),
        note="dask.array, a piece a thread",
    ),
    "torch": _ANY(
        _ARRAYS + "eigh", "PyTorch, on a GPU if it sees one", ("numpy", "torch"),
        "PyTorch is not in the image: in a venv pip install torch", starts="torch",
    ),
    "jax": _ANY(
        _ARRAYS + "eigh", "JAX, on a GPU if it sees one", ("numpy", "jax"),
        "JAX is not in the image: in a venv pip install jax", starts="jax",
    ),
    "numba-cuda": _addone(
        _NUMBA + "addone", "Numba's kernel on CuPy's array, NumPy's sum of it", _ALL_FOUR
    ),
} | {
    row: Technique(
        "workloads.linalg.omp:omp",
        f"a process with OMP_NUM_THREADS={count}" if count else "a process without OMP_NUM_THREADS",
        _LIMITED, parallel="threads", one_core=("omp-1",), problems=("threads",),
        # Spawned: rows that run one after the other have different environments.
        starts="spawn",
    )
    for row, count in THREADS.items()
}  # fmt: skip

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi", "multiprocessing", "serial", "numpy", "omp-unset")
