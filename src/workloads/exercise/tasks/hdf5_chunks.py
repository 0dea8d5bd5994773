"""Chunks for a dataset that is read by arrays and across them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from workloads.exercise.judging import kind
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="usc 43",
    function="create",
    needs=("numpy", "h5py"),
    task="""
Create the dataset `arrays` of doubles, of shape (count, side, side), here 64 each, for two
ways of reading:

    arrays[t]                 one array
    arrays[:, row, column]    one number of each array: a pixel's history

HDF5 reads whole chunks. If a chunk is an array, a history needs them all; if it is a
history, an array needs them all. Choose chunks of which either way reads a third of the
file at most, in 40 reads at most.
""",
    given='''
def create(file, count, side):
    """Return the new dataset of an h5py.File."""
    shape = (count, side, side)
    raise NotImplementedError("create the dataset with chunks that suit both ways")
''',
    solution="""
    return file.create_dataset("arrays", shape, "f8", chunks=(16, 16, 16))
""",
    hint="Divide each axis. An array needs (64 / rows) * (64 / columns) chunks: compute both.",
)
_SIDE, _MOST_READS = 64, 40


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
        module.create(file, _SIDE, _SIDE)
        answer = file.get("arrays")
        if answer is None or answer.shape != (_SIDE,) * 3 or answer.dtype != np.float64:
            return f"{kind(answer)}: `arrays` is to be of float64 of shape {(_SIDE,) * 3}"
        answer[:] = values(answer.shape)
        chunks, size = answer.chunks, answer.nbytes
    if chunks is None:
        return f"without chunks a history needs {_SIDE} reads: its numbers lie apart"
    for way, index in ("arrays[t]", 3), ("arrays[:, row, column]", np.s_[:, 5, 6]):
        counting = Counting(path)
        with h5py.File(counting, "r") as file:
            arrays, counting.reads, counting.bytes = file["arrays"], 0, 0
            arrays[index]
        if counting.bytes > size // 3:
            return f"{way} reads {counting.bytes:,} of {size:,} bytes: chunks of {chunks}"
        if counting.reads > _MOST_READS:
            return f"{way} needs {counting.reads:,} reads: chunks of {chunks} are too small"
    return ""
