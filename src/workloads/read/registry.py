"""The formats that are read: a technique of `write` writes each before."""

from __future__ import annotations

from workloads.bench.workload import Technique

_THERE = "workloads.write."
_NUMPY = ("numpy",)
_H5PY = ("numpy", "h5py")

TECHNIQUES = {
    "text": Technique(_THERE + "python:text", "a text file an array, read by Python's float"),
    "npy": Technique(_THERE + "numpy_:npy", "a binary file an array, np.load", _NUMPY),
    "hdf5": Technique(_THERE + "hdf5:datasets", "HDF5, a dataset an array, by its name", _H5PY),
    "hdf5-single": Technique(_THERE + "hdf5:single", "HDF5, one dataset, an array a chunk", _H5PY),
    "raw": Technique(_THERE + "numpy_:raw", "nothing but the doubles, seek and read", _NUMPY),
}

# What `auto` tries, first to last.
FASTEST = ("hdf5-single", "npy", "text")
