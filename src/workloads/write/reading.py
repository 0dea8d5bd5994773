"""Reading the arrays back, one after the other: each technique's `read` is one of these.

Each gives buffers with the doubles of array 0, 1, …, or of the arrays that
`wanted` names, in that order.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.write.files import DATASET, HDF5, RAW, array_name

if TYPE_CHECKING:
    from workloads.write.definition import Series


# Bytes of a double in a text file, with the space after it.
_TEXT_BYTES = 25


def bytes_of(series: Series, read: object) -> int:
    """Return about how many bytes the files take that `read`, one of these, reads."""
    return series.bytes // 8 * (_TEXT_BYTES if read is text else 8)


def text(folder: Path, series: Series, wanted: Iterable[int] | None = None) -> Iterator[Any]:
    """Read ``array-000000.txt`` and so on; needs no NumPy."""
    for t in range(series.n) if wanted is None else wanted:
        values = array("d")
        with (folder / f"{array_name(t)}.txt").open() as file:
            for line in file:
                values.extend(map(float, line.split()))
        yield values


def npy(folder: Path, series: Series, wanted: Iterable[int] | None = None) -> Iterator[Any]:
    """Read ``array-000000.npy`` and so on."""
    import numpy as np  # noqa: PLC0415

    for t in range(series.n) if wanted is None else wanted:
        yield np.load(folder / f"{array_name(t)}.npy")


def raw(folder: Path, series: Series, wanted: Iterable[int] | None = None) -> Iterator[Any]:
    """Read ``arrays.raw``: nothing but the doubles.

    Raises
    ------
    ValueError
        When the file has another size than all arrays.
    """
    with (folder / RAW).open("rb") as file:
        if os.fstat(file.fileno()).st_size != series.bytes:
            raise ValueError(f"{RAW} has not {series.bytes:,} bytes")
        for t in range(series.n) if wanted is None else wanted:
            file.seek(t * series.array_bytes)
            yield file.read(series.array_bytes)


def datasets(folder: Path, series: Series, wanted: Iterable[int] | None = None) -> Iterator[Any]:
    """Read ``arrays.h5`` with a dataset for each array."""
    import h5py  # noqa: PLC0415

    with h5py.File(folder / HDF5) as file:
        for t in range(series.n) if wanted is None else wanted:
            yield file[array_name(t)][()]


def dataset(folder: Path, series: Series, wanted: Iterable[int] | None = None) -> Iterator[Any]:
    """Read ``arrays.h5`` with one dataset of all arrays."""
    import h5py  # noqa: PLC0415

    with h5py.File(folder / HDF5) as file:
        for t in range(series.n) if wanted is None else wanted:
            yield file[DATASET][t]
