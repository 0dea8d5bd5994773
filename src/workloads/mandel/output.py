"""``--out``: the picture or the numbers, written block by block."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workloads.bench import files
from workloads.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid


class Sink(Protocol):
    """Takes the rows as they come."""

    def write(self, block: Int32Array) -> None:
        """Add the next rows."""

    def close(self) -> None:
        """Finish the file."""


class _Npy:
    """NumPy's own format."""

    def __init__(self, path: Path, grid: Grid) -> None:
        import numpy as np  # noqa: PLC0415

        header = {"descr": "<i4", "fortran_order": False, "shape": (grid.height, grid.width)}
        self._file = path.open("wb")
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, block: Int32Array) -> None:
        self._file.write(block.astype("<i4", copy=False).data)

    def close(self) -> None:
        self._file.close()


class _Hdf5:
    """A dataset ``escape_time`` with the window as its attributes."""

    def __init__(self, path: Path, grid: Grid) -> None:
        import h5py  # noqa: PLC0415

        self._file = h5py.File(path, "w")
        self._rows = 0
        self._data = self._file.create_dataset(
            "escape_time", (grid.height, grid.width), "<i4", compression="gzip"
        )
        self._data.attrs.update(vars(grid))

    def write(self, block: Int32Array) -> None:
        self._data[self._rows : self._rows + len(block)] = block
        self._rows += len(block)

    def close(self) -> None:
        self._file.close()


def _picture(path: Path, grid: Grid) -> Sink:
    from workloads.mandel import picture  # noqa: PLC0415

    return picture.Pgm(path, grid) if path.suffix.lower() == ".pgm" else picture.Png(path, grid)


_FORMATS = {".png": _picture, ".pgm": _picture, ".npy": _Npy, ".h5": _Hdf5}
# The format on standard output, whose name has no ending.
_DEFAULT = ".png"


def check(path: Path) -> None:
    """Refuse before the run what cannot be written after it.

    Raises
    ------
    UsageError
        For an unknown ending, or a place that cannot be written to.
    UnavailableError
        For HDF5 without h5py.
    """
    files.require_writable(path, "--out")
    suffix = files.with_ending(path, _DEFAULT).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"--out {path}: ends in none of {', '.join(_FORMATS)}")
    if suffix == ".h5" and importlib.util.find_spec("h5py") is None:
        raise UnavailableError("--out: Python has no module 'h5py' here", hint="use .npy")


@contextlib.contextmanager
def sink(path: Path, grid: Grid) -> Iterator[Sink]:
    """Give a sink for the rows; the file appears once all of them are there.

    Raises
    ------
    OutputError
        When the file cannot be written, for example on a full disk.
    """
    with files.whole_file(path, _DEFAULT) as temporary, files.hdf5_errors():
        target: Sink = _FORMATS[temporary.suffix.lower()](temporary, grid)
        with contextlib.closing(target):
            yield target
