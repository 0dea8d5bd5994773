"""pwrite, one process, one file of nothing but the doubles: the yardstick."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workloads.write.field import Field
from workloads.write.files import RAW, completed
from workloads.write.reading import raw as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write one file."""
    field = Field(series)
    with completed(folder / RAW) as temporary, temporary.open("wb", buffering=0) as file:
        for t in range(series.n):
            _write_all(file.fileno(), memoryview(field.array(t)).cast("B"), t * series.array_bytes)
    return ""


def _write_all(descriptor: int, values: memoryview, offset: int) -> None:
    # A call may write less than it was given: what still fits on the disk, and
    # never more than 2 GB.
    while values:
        done = os.pwrite(descriptor, values, offset)
        values, offset = values[done:], offset + done
