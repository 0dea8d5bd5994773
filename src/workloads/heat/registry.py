"""The techniques there are; adding one is a function in the file of its kind, and a row here.

``function(plate, workers) -> Solved`` does the steps of `workloads.heat.plate`. All ranks call
one for MPI; the field of rank 0 counts.
"""

from __future__ import annotations

from functools import partial

from hpcpy_common import machine
from workloads.bench.workload import COMPILED, NO_NUMBA_CUDA, Technique

_PLATE, _COMPILED, _PROCESSES, _MPI, _GRID, _CHECKPOINT, _DEVICES = (
    f"workloads.heat.{file}:"
    for file in ("plate", "compiled", "processes", "mpi", "mpi_grid", "checkpoint", "devices")
)
_JIT = ("numpy", "numba")
# A row's efficiency refers to that of the same kernel on one core.
_ranks = partial(Technique, needs=(*_JIT, "mpi4py"), parallel="ranks", one_core=("numba",))
_gpu = partial(Technique, parallel="device", obstacle=machine.no_cuda_device)

TECHNIQUES = {
    "python": Technique(_PLATE + "python", "pure Python, lists of lists", ("numpy",)),
    "numpy": Technique(_PLATE + "numpy", "NumPy, a slice for each neighbour", ("numpy",)),
    "numba": Technique(_COMPILED + "compiled", "Numba, loops over the points", _JIT),
    "numba-parallel": Technique(
        _COMPILED + "threads", "Numba, rows shared among threads", _JIT, parallel="threads",
        one_core=("numba",),
    ),
    "cython": Technique(
        _COMPILED + "cython", "Cython, loops in C",
        (*_JIT, "workloads.heat._kernels_cython"), COMPILED,
    ),
    "multiprocessing": Technique(
        _PROCESSES + "multiprocessing", "processes, shared memory and a barrier", _JIT,
        parallel="processes", one_core=("numba",),
    ),
    "dask": Technique(
        _PROCESSES + "dask", "Dask's arrays, whose chunks get their neighbours' rows",
        (*_JIT, "dask", "distributed"), parallel="processes", one_core=("numba",),
    ),
    "mpi-send": _ranks(_MPI + "send_recv", "MPI, Send and Recv in turn"),
    "mpi-sendrecv": _ranks(_MPI + "sendrecv", "MPI, Sendrecv with each neighbour"),
    "mpi-overlap": _ranks(_MPI + "overlap", "MPI, Isend and Irecv, the inner rows meanwhile"),
    "mpi-persistent": _ranks(_MPI + "persistent", "MPI, the same by persistent requests"),
    "mpi-put": _ranks(_MPI + "one_sided", "MPI, rows put into the neighbours' memory"),
    "mpi-cart": _ranks(_GRID + "cartesian", "MPI, blocks of a grid, a neighbourhood collective"),
    "mpi-threads": _ranks(_MPI + "hybrid", "MPI, and Numba's threads in each rank"),
    "mpi-checkpoint": _ranks(
        _CHECKPOINT + "checkpointed", "MPI, with checkpoints by parallel HDF5",
        needs=(*_JIT, "mpi4py", "h5py"),
    ),
    "cupy": _gpu(_DEVICES + "cupy", "CuPy on an NVIDIA GPU, NumPy's slices", ("numpy", "cupy")),
    "numba-cuda": _gpu(
        _DEVICES + "numba_cuda", "Numba on an NVIDIA GPU, tiles in shared memory",
        (*_JIT, "numba_cuda"), NO_NUMBA_CUDA,
    ),
}  # fmt: skip

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("numba-cuda", "mpi-overlap", "numba-parallel", "numba", "cython", "numpy", "python")
# Those whose loop is `march`, which looks at how much changes.
LOOK_AT_CHANGE = frozenset(TECHNIQUES) - {"multiprocessing", "dask", "cupy", "numba-cuda"}
