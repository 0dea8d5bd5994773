"""Exercise write-hdf5: many arrays in one dataset of one HDF5 file."""

# Task: fill the hole in write. Make the file, with one dataset `arrays` of doubles: count
# arrays of side x side, its shape (count, side, side). Array t is arrays[t] of it.
#
# An array is written at once: let it be one chunk of the dataset. array(t) computes array t
# when it is asked; do not keep them all.
#
# Check it: python -m workloads exercise write-hdf5 --check THIS_FILE

from __future__ import annotations

from typing import Any

import h5py


def write(path: str, array: Any, count: int, side: int) -> None:
    """Write the arrays 0 ... count - 1 into the file at path."""
    with h5py.File(path, "w") as file:
        raise NotImplementedError("create the dataset, write array after array")
