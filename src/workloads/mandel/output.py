"""``--out``: the picture or the numbers, written block by block."""

from __future__ import annotations

import contextlib
import importlib.util
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workloads.bench import files
from workloads.errors import UnavailableError, UsageError
from workloads.mandel.techniques.python import two_reals

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid

# From dark blue over grey to yellow, with evenly rising lightness: it reads the
# same with any colour vision and in black and white. The set itself is black.
_STOPS = [
    (0, 30, 78), (34, 59, 110), (79, 89, 112), (115, 119, 119),
    (155, 151, 116), (197, 185, 96), (238, 218, 66), (255, 240, 160),
]  # fmt: skip
_COLOURS = 4096


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


class _Shades:
    """Maps escape times to 0…1, the set itself to -1.

    It takes the cube root, which lies between the square root, too dark for
    area1, and the logarithm, too pale for area2.
    """

    def __init__(self, grid: Grid) -> None:
        self._last = grid.maxiter - 1
        self._lowest = min(_lowest(grid), max(0, self._last - 1))
        self._range = max(1, self._last - self._lowest)

    def __call__(self, row: Int32Array) -> Float64Array:
        import numpy as np  # noqa: PLC0415

        shade = np.cbrt(np.clip((row - self._lowest) / self._range, 0.0, 1.0))
        return np.where(row == self._last, -1.0, shade)


def _lowest(grid: Grid) -> int:
    """Return the least escape time of the border, from 16 points or more a side.

    Points of at least a given escape time form regions without holes, so the
    least time of a window is on its border. The colours are thus known before
    the first row is.
    """
    import numpy as np  # noqa: PLC0415

    xs, ys = grid.axes(range(grid.height))
    some_xs, some_ys = xs[:: max(1, len(xs) // 16)], ys[:: max(1, len(ys) // 16)]
    horizontal = np.empty((2, len(some_xs)), np.int32)
    vertical = np.empty((len(some_ys), 2), np.int32)
    two_reals(some_xs, ys[[0, -1]], grid.maxiter, horizontal)
    two_reals(xs[[0, -1]], some_ys, grid.maxiter, vertical)
    return min(int(horizontal.min()), int(vertical.min()))


class _Png:
    """A colour picture; the first row of the grid (the lowest y) is on top."""

    def __init__(self, path: Path, grid: Grid) -> None:
        import numpy as np  # noqa: PLC0415

        self._shades = _Shades(grid)
        stops, at = range(len(_STOPS)), np.linspace(0, len(_STOPS) - 1, _COLOURS)
        channels = [np.interp(at, stops, values) for values in zip(*_STOPS, strict=True)]
        self._palette = np.stack(channels, axis=1).round().astype(np.uint8)
        self._compressor = zlib.compressobj(6)
        self._file = path.open("wb")
        self._file.write(b"\x89PNG\r\n\x1a\n")
        # 8 bits a channel; colour type 2 is red, green, blue.
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", grid.width, grid.height, 8, 2, 0, 0, 0))

    def _chunk(self, kind: bytes, data: bytes) -> None:
        crc = zlib.crc32(kind + data)
        self._file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc))

    def write(self, block: Int32Array) -> None:
        # Row by row: the colours of a block would take several times its memory.
        for row in block:
            shade = self._shades(row)
            colours = self._palette[(abs(shade) * (_COLOURS - 1)).astype("i4")]
            colours[shade < 0] = 0
            # A row begins with the number of its filter: 0 is none.
            if packed := self._compressor.compress(b"\0" + colours.tobytes()):
                self._chunk(b"IDAT", packed)

    def close(self) -> None:
        self._chunk(b"IDAT", self._compressor.flush())
        self._chunk(b"IEND", b"")
        self._file.close()


class _Pgm:
    """A grey picture in the plainest format there is."""

    def __init__(self, path: Path, grid: Grid) -> None:
        self._shades = _Shades(grid)
        self._file = path.open("wb")
        self._file.write(f"P5\n{grid.width} {grid.height}\n255\n".encode())

    def write(self, block: Int32Array) -> None:
        for row in block:
            # The set's -1 becomes 0.
            grey = 30 + self._shades(row) * 225
            self._file.write(grey.clip(0).astype("u1").tobytes())

    def close(self) -> None:
        self._file.close()


_FORMATS: dict[str, Any] = {".png": _Png, ".pgm": _Pgm, ".npy": _Npy, ".h5": _Hdf5}
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
