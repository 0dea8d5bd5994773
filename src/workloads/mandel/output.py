"""``--out``: the picture or the numbers, written block by block."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hpcpy_common import files

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.grid import Grid

    # Takes the next rows.
    Write: TypeAlias = Callable[[Int32Array], object]

# From dark blue over grey to yellow, with evenly rising lightness: it reads the
# same with any colour vision and in black and white. The set itself is black.
_STOPS = [
    (0, 30, 78), (34, 59, 110), (79, 89, 112), (115, 119, 119),
    (155, 151, 116), (197, 185, 96), (238, 218, 66), (255, 240, 160),
]  # fmt: skip
_COLOURS = 4096


@contextlib.contextmanager
def _npy(path: Path, grid: Grid) -> Iterator[Write]:
    import numpy as np  # noqa: PLC0415

    header = {"descr": "<i4", "fortran_order": False, "shape": (grid.height, grid.width)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda block: file.write(block.astype("<i4", copy=False).data)


@contextlib.contextmanager
def _png(path: Path, grid: Grid) -> Iterator[Write]:
    """Write a colour picture; the first row of the grid (the lowest y) is on top."""
    import numpy as np  # noqa: PLC0415

    stops, at = range(len(_STOPS)), np.linspace(0, len(_STOPS) - 1, _COLOURS)
    channels = [np.interp(at, stops, values) for values in zip(*_STOPS, strict=True)]
    palette = np.stack(channels, axis=1).round().astype(np.uint8)
    lowest = -1
    compressor = zlib.compressobj(6)

    def chunk(kind: bytes, data: bytes) -> None:
        crc = zlib.crc32(kind + data)
        file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc))

    def write(block: Int32Array) -> None:
        nonlocal lowest
        # The darkest colour is for the least time of the first block: later ones are unknown.
        if lowest < 0:
            lowest = min(int(block.min()), max(0, grid.maxiter - 2))
        # Row by row: the colours of a block would take several times its memory.
        for row in block:
            shade = _shades(row, lowest, grid.maxiter - 1)
            colours = palette[(abs(shade) * (_COLOURS - 1)).astype("i4")]
            colours[shade < 0] = 0
            # A row begins with the number of its filter: 0 is none.
            if packed := compressor.compress(b"\0" + colours.tobytes()):
                chunk(b"IDAT", packed)

    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        # 8 bits a channel; colour type 2 is red, green, blue.
        chunk(b"IHDR", struct.pack(">IIBBBBB", grid.width, grid.height, 8, 2, 0, 0, 0))
        yield write
        chunk(b"IDAT", compressor.flush())
        chunk(b"IEND", b"")


def _shades(row: Int32Array, lowest: int, last: int) -> Float64Array:
    """Map escape times to 0…1, and the set itself to -1.

    The cube root lies between the square root, too dark for area1, and the logarithm, too
    pale for area2.
    """
    import numpy as np  # noqa: PLC0415

    shade = np.cbrt(np.clip((row - lowest) / max(1, last - lowest), 0.0, 1.0))
    return np.where(row == last, -1.0, shade)


FORMATS = {".png": _png, ".npy": _npy}
# The format on standard output, whose name has no ending.
_DEFAULT = ".png"


@contextlib.contextmanager
def sink(path: Path, grid: Grid) -> Iterator[Write]:
    """Give what takes the rows, block by block; the file appears once all are there."""
    with (
        files.whole_file(path, _DEFAULT) as temporary,
        FORMATS[temporary.suffix.lower()](temporary, grid) as write,
    ):
        yield write
