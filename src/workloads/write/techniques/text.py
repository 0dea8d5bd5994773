"""Pure Python: value by value, a text file for each array, as savetxt lays it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.write.files import array_name, completed
from workloads.write.reading import text as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write `series.n` text files."""
    # 18 digits after the point, savetxt's default: 16 are enough to read the same
    # double again.
    line = " ".join(["%.18e"] * series.s) + "\n"
    for t in range(series.n):
        path = folder / f"{array_name(t)}.txt"
        with completed(path) as temporary, temporary.open("w") as file:
            for y in series.y:
                file.write(line % tuple(series.row(t, y)))
    return ""
