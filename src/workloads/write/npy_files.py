"""NumPy's own format, a file for each array: what workers of several techniques write."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from workloads.write.field import Field, of_worker
from workloads.write.files import array_name, completed

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array
    from workloads.write.definition import Series


def save(series: Series, folder: Path, wanted: Iterable[int], field: Field | None = None) -> float:
    """Write the `wanted` arrays, each into a file of its own.

    Parameters
    ----------
    series
        The series that they belong to.
    folder
        Where the files go.
    wanted
        Numbers of arrays.
    field
        Computes the arrays; by default the field that this worker process keeps.

    Returns
    -------
    float
        The seconds that opening the files took.

    Raises
    ------
    OutputError
        When a file cannot be written.
    """
    field = field or of_worker(series)
    return sum(save_array(folder, t, field.array(t)) for t in wanted)


def save_array(folder: Path, t: int, values: Float64Array) -> float:
    """Write array `t`, and return the seconds that opening its file took."""
    with completed(folder / f"{array_name(t)}.npy") as temporary:
        begin = time.perf_counter()
        with temporary.open("wb") as file:
            opened = time.perf_counter()
            _save(file, values)
    return opened - begin


def _save(file: BinaryIO, values: Float64Array) -> None:
    # The bytes of np.save, which itself writes through a C stream and ignores
    # errors when it closes that: on a full disk a small array would be cut
    # short without an error (NumPy 2.5).
    header = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_1_0(file, header)
    file.write(values.data)
