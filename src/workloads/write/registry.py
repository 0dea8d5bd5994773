"""The techniques: who writes the arrays, and who reads them back."""

from __future__ import annotations

from functools import partial

from workloads.bench.workload import Technique
from workloads.write import reading

_HERE = "workloads.write."
_POOLS, _MPI = _HERE + "pools:", _HERE + "ranks:"
_NUMPY = ("numpy",)
_H5PY = ("numpy", "h5py")
_pool = partial(Technique, needs=_NUMPY, parallel="processes", one_core=("npy",))
_ranks = partial(Technique, needs=("numpy", "mpi4py"), parallel="ranks", one_core=("npy",))
_all_ranks = partial(_ranks, needs=(*_H5PY, "mpi4py"), one_core=("hdf5-single",))

# Each computes and writes all arrays: ``function(series, folder, …)``; `workloads.parallel.given`
# says what else it may name.  The folder is empty, and has a temporary name
# (`workloads.write.files`).  All ranks call it together; one that cannot write raises, and ends
# all.  A note may have what is measured: the share of `opening` files, the MB of coordinates.
TECHNIQUES = {
    "text": Technique(_HERE + "python:text", "pure Python and text, as savetxt lays it out"),
    "loops": Technique(_HERE + "numpy_:loops", "Python's loops over NumPy's numbers, text", _NUMPY),
    "vectorized": Technique(_HERE + "numpy_:vectorized", "NumPy computes, savetxt writes", _NUMPY),
    "npy": Technique(
        _HERE + "numpy_:npy", "NumPy's binary files, np.save", _NUMPY,
        note="{opening:.0%} of it opens files",
    ),
    "pool-apply": _pool(
        _POOLS + "pool_apply", "npy files by a pool, one task at a time",
        note="sends {coordinates:,.3g} MB to the workers",
    ),
    "multiprocessing": _pool(_POOLS + "pool_map", "npy files by a pool of processes"),
    "queue": _pool(
        _POOLS + "by_queue", "npy files by processes that take from a queue",
        note="the processes' start is timed, too",
    ),
    "mpi-chunks": _ranks(_MPI + "mpi_chunks", "npy files by ranks, their numbers in one message"),
    "mpi-scatter": _ranks(_MPI + "mpi_scatter", "npy files by ranks, the numbers scattered"),
    "hdf5": Technique(_HERE + "hdf5:datasets", "HDF5, a dataset for each array", _H5PY),
    "hdf5-single": Technique(_HERE + "hdf5:single", "HDF5, one dataset, an array a chunk", _H5PY),
    "hdf5-parallel": _all_ranks(_HERE + "hdf5:parallel", "HDF5 by MPI-IO, ranks share a dataset"),
    "mpi-view": _ranks(
        _HERE + "view:columns", "one npy file by MPI-IO, columns by ranks", one_core=("raw",)
    ),
    "raw": Technique(_HERE + "numpy_:raw", "the doubles' bytes alone: the yardstick", _NUMPY),
}  # fmt: skip

_NPY = ("npy", "pool-apply", "multiprocessing", "queue", "mpi-chunks", "mpi-scatter")
READERS: dict[str, reading.Reader] = {
    **dict.fromkeys(("text", "loops", "vectorized"), reading.text),
    **dict.fromkeys(_NPY, reading.npy),
    "hdf5": reading.datasets,
    "hdf5-single": reading.dataset,
    "hdf5-parallel": reading.dataset,
    "mpi-view": reading.npy_of_all,
    "raw": reading.raw,
}

# What `auto` tries, first to last: the fastest whose files describe their contents.
FASTEST = ("hdf5-parallel", "hdf5-single", "npy", "text")
