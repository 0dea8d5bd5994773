"""Exercise write-hdf5: many arrays in one dataset of one HDF5 file."""

# Task: fill the hole in write. Make one dataset of doubles in the file, with the name
# `arrays` and the shape (count, side, side). Array t is arrays[t].
#
# An array is written as a whole: let it be one chunk of the dataset. array(t) computes
# array t when you call it; do not keep all arrays in memory.
#
# Check it: python -m workloads exercise write-hdf5 --check THIS_FILE

from __future__ import annotations

from typing import Any

import h5py


def write(path: str, array: Any, count: int, side: int) -> None:
    """Write the arrays 0 ... count - 1 into the file at path."""
    with h5py.File(path, "w") as file:
        raise NotImplementedError("create the dataset, write array after array")
