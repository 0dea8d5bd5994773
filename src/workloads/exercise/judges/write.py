"""A file, read back and compared with the stored hash."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from workloads.write import answer, reading
from workloads.write.definition import Series
from workloads.write.field import Field
from workloads.write.files import DATASET, HDF5

_SERIES = Series(15, 100)


def dataset(write: Callable[..., Any], _: Any) -> str:
    """Judge a function that writes all arrays into one dataset."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-exercise-") as folder:
        path = Path(folder) / HDF5
        write(str(path), lambda t: Field(_SERIES).array(t), _SERIES.n, _SERIES.s)
        if not path.exists():
            return "there is no file at path"
        _, right, said = answer.check(_SERIES, reading.dataset(Path(folder), _SERIES))
        return _layout(path) if right else said.removeprefix("WRONG: ")


def _layout(path: Path) -> str:
    want = (1, _SERIES.s, _SERIES.s)
    with h5py.File(path) as file:
        found = file[DATASET]
        if found.shape != (_SERIES.n, *want[1:]):
            return f"the dataset's shape is {found.shape}"
        return "" if found.chunks == want else f"chunks are {found.chunks}, not {want}"
