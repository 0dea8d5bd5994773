"""Chunks for a dataset that is read by arrays and across them."""

from __future__ import annotations

import io
import tempfile
from math import prod
from pathlib import Path
from typing import Any

from workloads.exercise.judging import kind, no_dataset
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="usc 43", function="create", needs=("numpy", "h5py"))
_SIDE, _MOST_READS = 64, 40
# HDF5 reads a larger chunk one line after the other.
_CACHE = 1 << 20


class Counting(io.FileIO):
    """A file that counts what h5py reads from it."""

    reads = bytes = 0

    def readinto(self, buffer: Any) -> int | None:
        self.reads += 1
        self.bytes += len(buffer)
        return super().readinto(buffer)


def judge(module: Any) -> str:
    import h5py
    import numpy as np

    path, values = Path(tempfile.gettempdir()) / "arrays.h5", np.random.default_rng(1).random
    with h5py.File(path, "w") as file:
        created = module.create(file, _SIDE, _SIDE)
        if wrong := no_dataset(file, "arrays") or _not_right(file["arrays"], created):
            return wrong
        answer = file["arrays"]
        answer[:] = data = values(answer.shape)
        if not np.array_equal(answer[:], data):
            return "a filter of the dataset changes its numbers: choose chunks alone"
        chunks, size = answer.chunks, answer.nbytes
    for way, index in ("arrays[t]", 3), ("arrays[:, row, column]", np.s_[:, 5, 6]):
        counting = Counting(path)
        with h5py.File(counting, "r") as file:
            arrays, counting.reads, counting.bytes = file["arrays"], 0, 0
            arrays[index]
        if counting.bytes > size // 3:
            return f"{way} reads {counting.bytes:,} of {size:,} bytes: chunks of {chunks}"
        if counting.reads > _MOST_READS:
            is_large = 8 * prod(chunks) > _CACHE
            why = "do not fit HDF5's cache of 1 MiB" if is_large else "are too small"
            return f"{way} needs {counting.reads:,} reads: chunks of {chunks} {why}"
    return ""


def _not_right(dataset: Any, created: Any) -> str:
    """Return what is wrong with the new dataset, before it is read."""
    if dataset.shape != (_SIDE,) * 3 or dataset.dtype != "f8":
        return f"{kind(dataset)}: `arrays` is to be of float64 of shape {(_SIDE,) * 3}"
    if type(created) is not type(dataset) or created != dataset:
        return f"{kind(created, 'create')}: return the new dataset"
    if dataset.chunks is None:
        return f"without chunks a history needs {_SIDE} reads: its numbers lie apart"
    return ""
