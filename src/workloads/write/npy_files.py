"""NumPy's own format, a file an array: what several techniques have workers do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workloads.write.field import Field, of_worker
from workloads.write.files import array_name, whole_file

if TYPE_CHECKING:
    from workloads.write.definition import Series


def save(series: Series, folder: Path, wanted: Iterable[int], field: Field | None = None) -> None:
    """Write the `wanted` arrays, each a file.

    Parameters
    ----------
    series
        What they are of.
    folder
        Where to.
    wanted
        Their numbers.
    field
        Computes them; by default this worker process's own.
    """
    field = field or of_worker(series)
    for t in wanted:
        path = folder / f"{array_name(t)}.npy"
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.save(file, field.array(t))
