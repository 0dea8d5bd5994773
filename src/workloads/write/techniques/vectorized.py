"""NumPy computes, savetxt writes: a text file for each array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.field import Field
from workloads.write.files import array_name, completed
from workloads.write.reading import text as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write `series.n` text files."""
    field = Field(series)
    for t in range(series.n):
        path = folder / f"{array_name(t)}.txt"
        with completed(path) as temporary, temporary.open("w") as file:
            np.savetxt(file, field.array(t))
    return ""
