"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

from workloads.bench.technique import Technique

_HERE = "workloads.write.techniques."

# Techniques that write a file for each array.
MANY = {
    "text": Technique(_HERE + "text", "pure Python and text, as savetxt lays it out"),
    "loops": Technique(
        _HERE + "loops",
        "Python's loops over NumPy's numbers, a call for each value, savetxt writes text",
        needs=("numpy",),
    ),
    "vectorized": Technique(
        _HERE + "vectorized", "NumPy computes, savetxt writes text", needs=("numpy",)
    ),
    "npy": Technique(_HERE + "npy", "NumPy's binary files, np.save", needs=("numpy",)),
    "pool-apply": Technique(
        _HERE + "pool_apply",
        "npy files by a pool: one array at a time, its coordinates sent along, and waited for",
        needs=("numpy",),
        parallel="processes",
        one_core=("npy",),
    ),
    "multiprocessing": Technique(
        _HERE + "processes",
        "npy files by a pool of processes",
        needs=("numpy",),
        parallel="processes",
        one_core=("npy",),
    ),
    "queue": Technique(
        _HERE + "worker_queue",
        "npy files by processes that take the arrays' numbers from a queue",
        needs=("numpy",),
        parallel="processes",
        one_core=("npy",),
    ),
    "mpi-send": Technique(
        _HERE + "mpi_send",
        "npy files by MPI ranks, to which rank 0 sends a number at a time",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=("npy",),
    ),
    "mpi-chunks": Technique(
        _HERE + "mpi_chunks",
        "npy files by MPI ranks, to each of which rank 0 sends its numbers in one message",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=("npy",),
    ),
    "mpi-scatter": Technique(
        _HERE + "mpi_scatter",
        "npy files by MPI ranks, the numbers scattered among them at once",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=("npy",),
    ),
}

# Techniques that write one file.
ONE = {
    "hdf5": Technique(_HERE + "hdf5", "HDF5, a dataset for each array", needs=("numpy", "h5py")),
    "hdf5-single": Technique(
        _HERE + "hdf5_single", "HDF5, one dataset, an array a chunk", needs=("numpy", "h5py")
    ),
    "hdf5-parallel": Technique(
        _HERE + "hdf5_parallel",
        "HDF5 by MPI-IO, all ranks into one dataset, collectively",
        needs=("numpy", "h5py", "mpi4py"),
        parallel="ranks",
        one_core=("hdf5-single",),
    ),
    "raw": Technique(
        _HERE + "raw", "pwrite of the bytes and nothing else: the yardstick", needs=("numpy",)
    ),
}

TECHNIQUES = {**MANY, **ONE}

# What `auto` tries, first to last: the fastest whose files describe their contents.
FASTEST = ("hdf5-parallel", "hdf5-single", "npy", "text")
