"""The techniques there are; adding one is a function in the file of its kind, and a row here.

``function(plate, …)`` does the steps of `workloads.heat.plate`, and returns the field after all of
them, or `Solved`; `workloads.parallel.given` says what else it may name. All ranks call one for
MPI; the field of rank 0 counts.
"""

from __future__ import annotations

from functools import partial

from hpcpy_common import machine
from workloads.bench.workload import COMPILED, NO_NUMBA_CUDA, Technique

_HERE = "workloads.heat."
_PLATE, _NODE, _MPI, _HDF5, _VIEW = (
    f"{_HERE}{file}:" for file in ("plate", "compiled", "mpi", "hdf5", "view")
)
_JIT = ("numpy", "numba")
# A row's efficiency refers to that of the same kernel on one core.
_shared = partial(Technique, needs=_JIT, one_core=("numba",))
_ranks = partial(_shared, needs=(*_JIT, "mpi4py"), parallel="ranks")
_meanwhile = partial(_ranks, note="inner rows meanwhile")
_gpu = partial(Technique, parallel="device", obstacle=machine.no_cuda_device)

TECHNIQUES = {
    "python": Technique(_PLATE + "python", "pure Python, lists of lists", ("numpy",)),
    "numpy": Technique(_PLATE + "numpy", "NumPy, a slice for each neighbour", ("numpy",)),
    "numba": Technique(_NODE + "loops", "Numba, loops over the points", _JIT),
    "numba-parallel": _shared(
        _NODE + "threads", "Numba, rows shared among threads", parallel="threads"
    ),
    "cython": Technique(
        _NODE + "cython", "Cython, loops in C",
        (*_JIT, "workloads.heat._kernels_cython"), COMPILED,
    ),
    "multiprocessing": _shared(
        _HERE + "processes:multiprocessing", "processes, shared memory and a barrier",
        parallel="processes", note="the processes' start is timed, too",
    ),
    "dask": _shared(
        _HERE + "dask_:dask", "Dask's arrays, whose chunks get their neighbours' rows",
        needs=(*_JIT, "dask", "distributed"), parallel="processes", note="graphs of 10 steps",
    ),
    "mpi-send": _ranks(
        _MPI + "send_recv", "MPI, Send and Recv in turn", note="even ranks send first"
    ),
    "mpi-sendrecv": _ranks(_MPI + "sendrecv", "MPI, Sendrecv with each neighbour"),
    "mpi-overlap": _meanwhile(_MPI + "overlap", "MPI, Isend and Irecv, the inner rows meanwhile"),
    "mpi-persistent": _meanwhile(_MPI + "persistent", "MPI, the same by persistent requests"),
    "mpi-put": _ranks(_MPI + "one_sided", "MPI, rows put into the neighbours' memory"),
    "mpi-cart": _ranks(_MPI + "cartesian", "MPI, blocks of a grid, a neighbourhood collective"),
    "mpi-threads": _ranks(_MPI + "hybrid", "MPI, and Numba's threads in each rank"),
    "mpi-checkpoint": _ranks(
        _HDF5 + "checkpointed", "MPI, with checkpoints by parallel HDF5",
        needs=(*_JIT, "mpi4py", "h5py"),
    ),
    "mpi-view": _ranks(_VIEW + "checkpointed", "MPI, with checkpoints by views of a .npy file"),
    "jax": Technique(
        _HERE + "jax_:compiled", "JAX, step and loop compiled, on a GPU if it sees one",
        ("numpy", "jax"), "JAX is not in the image: in a venv pip install jax",
    ),
    "cupy": _gpu(
        _HERE + "cupy_:slices", "CuPy on an NVIDIA GPU, NumPy's slices", ("numpy", "cupy"),
        starts="cupy",
    ),
    "numba-cuda": _gpu(
        _HERE + "numba_gpu:tiles", "Numba on an NVIDIA GPU, tiles in shared memory",
        (*_JIT, "numba_cuda"), NO_NUMBA_CUDA, starts="numba",
    ),
}  # fmt: skip

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("numba-cuda", "mpi-overlap", "numba-parallel", "numba", "cython", "numpy", "python")
# Those that refuse --until: their loop is not `march`, or its look at the change is NumPy's.
ALL_STEPS = {"multiprocessing", "dask", "jax", "cupy", "numba-cuda"}
# Those of --checkpoint: their modules have `load`, too.
CHECKPOINTS = ("mpi-checkpoint", "mpi-view")
