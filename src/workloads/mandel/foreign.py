"""C that knows nothing of Python: a shared object, called by ctypes and by cffi.

The C compiler makes it in the first call, which no clock times.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.ctypeslib import ndpointer

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array

ESCAPE_TIME = """\
static int escape_time(double cr, double ci, int maxiter)
{
    double zr = cr, zi = ci;
    for (int n = 0; n < maxiter; n++) {
        double zr2 = zr * zr, zi2 = zi * zi;
        if (zr2 + zi2 > 4.0)
            return n;
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
    }
    return maxiter - 1;
}
"""
DECLARATION = """
void fill(const double *xs, long width, const double *ys, long height, int maxiter, int *out)"""
DEFINITION = """
{
    for (long row = 0; row < height; row++)
        for (long column = 0; column < width; column++)
            *out++ = escape_time(xs[column], ys[row], maxiter);
}
"""


def compiled(folder: str) -> Path:
    """Compile the C in a folder, and return the shared object."""
    source, shared_object = Path(folder, "escape.c"), Path(folder, "escape.so")
    source.write_text(ESCAPE_TIME + DECLARATION + DEFINITION)
    # Without fused operations, which round once instead of twice.
    options = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")
    subprocess.run(["cc", *options, "-o", shared_object, source], check=True)
    return shared_object


@functools.cache
def ctypes_library() -> ctypes.CDLL:
    """Open the shared object; what its function takes is said in Python."""
    with TemporaryDirectory() as folder:
        library = ctypes.CDLL(str(compiled(folder)))
    numbers, times = ndpointer(np.float64, 1, flags="C"), ndpointer(np.int32, 2, flags="C")
    length = ctypes.c_long
    library.fill.argtypes = (numbers, length, numbers, length, ctypes.c_int, times)
    library.fill.restype = None
    return library


def by_ctypes(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call C without the GIL; an array of another type raises ctypes.ArgumentError."""
    ctypes_library().fill(xs, len(xs), ys, len(ys), maxiter, out)


@functools.cache
def cffi_library() -> tuple[Any, Any]:
    """Open the shared object; what its function takes is said by C's own declaration."""
    from cffi import FFI  # noqa: PLC0415

    ffi = FFI()
    ffi.cdef(DECLARATION + ";")
    with TemporaryDirectory() as folder:
        return ffi, ffi.dlopen(str(compiled(folder)))


def by_cffi(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call C without the GIL; an array is the bytes that the pointer's type makes of it."""
    ffi, library = cffi_library()
    columns, rows = ffi.from_buffer("double[]", xs), ffi.from_buffer("double[]", ys)
    times = ffi.from_buffer("int[]", out, require_writable=True)
    library.fill(columns, len(xs), rows, len(ys), maxiter, times)
