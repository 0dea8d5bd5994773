"""Many arrays in one dataset of one HDF5 file, a chunk each."""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

from workloads.exercise.judging import difference, no_dataset
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="usc 42", function="write", needs=("numpy", "h5py"))


def judge(module: Any) -> str:
    import h5py
    import numpy as np

    want, held = np.sqrt(np.arange(15 * 60 * 60.0)).reshape(15, 60, 60), [0]

    def array(t: int) -> Any:
        held.append(tracemalloc.get_traced_memory()[0])
        return want[t].copy()

    path = Path(tempfile.gettempdir()) / "arrays.h5"
    tracemalloc.start()
    module.write(str(path), array, len(want), want.shape[1])
    tracemalloc.stop()
    with h5py.File(path) as file:
        if wrong := no_dataset(file, "arrays"):
            return wrong
        answer, chunks = file["arrays"][:], file["arrays"].chunks
    if wrong := difference(answer, want):
        return wrong
    if chunks != (1, *want.shape[1:]):
        return f"chunks are {chunks}, not {(1, *want.shape[1:])}"
    # Where all are kept, those before the last one are there when it is asked for.
    if max(held) >= want[1:].nbytes:
        return f"the file is right, but all {len(want)} arrays were in memory at once"
    return ""
