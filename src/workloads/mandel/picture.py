"""PNG and PGM pictures, written row by row: no picture is held in memory."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from workloads.mandel.definition import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid

# From dark blue over grey to yellow, with evenly rising lightness: it reads the
# same with any colour vision and in black and white. The set itself is black.
_STOPS = np.array(
    [(0, 30, 78), (34, 59, 110), (79, 89, 112), (115, 119, 119),
     (155, 151, 116), (197, 185, 96), (238, 218, 66), (255, 240, 160)]
)  # fmt: skip
_COLOURS = 4096


def _palette() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    at = np.linspace(0, len(_STOPS) - 1, _COLOURS)
    channels = [np.interp(at, np.arange(len(_STOPS)), _STOPS[:, c]) for c in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _lowest(grid: Grid) -> int:
    """Return the least escape time of the border, from 16 points or more a side.

    Points of at least a given escape time form regions without holes, so the
    least time of a window is on its border. The colours are thus known before
    the first row is.
    """
    columns = range(0, grid.width, max(1, grid.width // 16))
    rows = range(0, grid.height, max(1, grid.height // 16))
    border = [(column, row) for row in (0, grid.height - 1) for column in columns]
    border += [(column, row) for column in (0, grid.width - 1) for row in rows]
    return min(escape_time(*grid.point(*pixel), grid.maxiter) for pixel in border)


class _Shades:
    """Maps escape times to 0…1, the set itself to -1.

    It takes the cube root, which lies between the square root, too dark for
    area1, and the logarithm, too pale for area2.
    """

    def __init__(self, grid: Grid) -> None:
        self._last = grid.maxiter - 1
        self._lowest = min(_lowest(grid), max(0, self._last - 1))
        self._range = max(1, self._last - self._lowest)

    def __call__(self, block: Int32Array) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        shade = np.cbrt(np.clip((block - self._lowest) / self._range, 0.0, 1.0))
        return np.where(block == self._last, -1.0, shade)


class Png:
    """A colour picture; the first row of the grid (the lowest y) is on top.

    Parameters
    ----------
    path
        The file to write.
    grid
        The grid that is computed.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self._shades = _Shades(grid)
        self._palette = _palette()
        self._height = grid.height
        self._compressor = zlib.compressobj(6)
        self._file: BinaryIO = path.open("wb")
        self._file.write(b"\x89PNG\r\n\x1a\n")
        # 8 bits a channel; colour type 2 is red, green, blue.
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", grid.width, grid.height, 8, 2, 0, 0, 0))

    def _chunk(self, kind: bytes, data: bytes) -> None:
        crc = zlib.crc32(kind + data)
        self._file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc))

    def write(self, block: Int32Array) -> None:
        """Add the next rows."""
        for row in block:
            shade = self._shades(row)
            colours = self._palette[(np.abs(shade) * (_COLOURS - 1)).astype(np.int32)]
            colours[shade < 0] = 0
            # A row begins with the number of its filter: 0 is none.
            packed = self._compressor.compress(b"\0" + colours.tobytes())
            if packed:
                self._chunk(b"IDAT", packed)

    def close(self) -> None:
        """Finish the file."""
        self._chunk(b"IDAT", self._compressor.flush())
        self._chunk(b"IEND", b"")
        self._file.close()


class Pgm:
    """A grey picture in the plainest format there is.

    Parameters
    ----------
    path, grid
        As for `Png`.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self._shades = _Shades(grid)
        self._file: BinaryIO = path.open("wb")
        self._file.write(f"P5\n{grid.width} {grid.height}\n255\n".encode())

    def write(self, block: Int32Array) -> None:
        """Add the next rows."""
        # Row by row: the shades of a block would take several times its memory.
        for row in block:
            shade = self._shades(row)
            self._file.write(np.where(shade < 0, 0, 30 + shade * 225).astype(np.uint8).tobytes())

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
