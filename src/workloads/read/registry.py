"""The formats that are read: a technique of `write` writes each before."""

from __future__ import annotations

from workloads.bench.technique import Technique

_THERE = "workloads.write.techniques."

TECHNIQUES = {
    "text": Technique(_THERE + "text", "a text file an array, read by Python's float"),
    "npy": Technique(_THERE + "npy", "a binary file an array, np.load", needs=("numpy",)),
    "hdf5": Technique(
        _THERE + "hdf5", "HDF5, a dataset an array, read by its name", needs=("numpy", "h5py")
    ),
    "hdf5-single": Technique(
        _THERE + "hdf5_single", "HDF5, one dataset, an array a chunk", needs=("numpy", "h5py")
    ),
    "raw": Technique(
        _THERE + "raw", "one file of nothing but the doubles, seek and read", needs=("numpy",)
    ),
}

# What `auto` tries, first to last.
FASTEST = ("hdf5-single", "npy", "text")
