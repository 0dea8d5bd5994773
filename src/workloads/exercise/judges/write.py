"""A file, read back and compared with the stored hash."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from workloads.write import reading
from workloads.write.definition import Series
from workloads.write.files import DATASET, HDF5
from workloads.write.numpy_ import Field

_SERIES = Series(15, 100)


def dataset(write: Callable[..., Any], _: Any) -> str:
    """Judge a function that writes all arrays into one dataset."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-exercise-") as folder:
        path = Path(folder) / HDF5
        held = [0]

        def array(t: int) -> Any:
            held.append(tracemalloc.get_traced_memory()[0])
            return Field(_SERIES).array(t)

        tracemalloc.start()
        write(str(path), array, _SERIES.n, _SERIES.s)
        tracemalloc.stop()
        if not path.exists():
            return "there is no file at path"
        arrays = reading.dataset(Path(folder), _SERIES, range(_SERIES.n))
        _, right, said = reading.check(_SERIES, arrays)
        if not right:
            return said.removeprefix("WRONG: ")
        return _layout(path) or _memory(max(held))


def _layout(path: Path) -> str:
    want = (1, _SERIES.s, _SERIES.s)
    with h5py.File(path) as file:
        found = file[DATASET]
        if found.shape != (_SERIES.n, *want[1:]):
            return f"the dataset's shape is {found.shape}"
        return "" if found.chunks == want else f"chunks are {found.chunks}, not {want}"


def _memory(held: int) -> str:
    # Where all are kept, those before the last one are there when it is asked for.
    if held < (_SERIES.n - 1) * _SERIES.s**2 * 8:
        return ""
    return f"the file is right, but all {_SERIES.n} arrays were in memory at once"
