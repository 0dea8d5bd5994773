"""Numba for CUDA: the kernel in Python, one thread a pixel."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError
from workloads.mandel import jit
from workloads.mandel.cuda import NO_DEVICE

if TYPE_CHECKING:
    from workloads.harness.arrays import Float64Array, Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid

# Through jit, which has to be there before numba for the other techniques.
cuda = jit.submodule("cuda")
libdevice = jit.submodule("cuda.libdevice")
error = jit.submodule("cuda.cudadrv.error")

_THREADS = 128
# It warns of kernels that are too small for the device, as the warm-up is.
warnings.filterwarnings("ignore", ".*Grid size")

_compiled: Callable[[Callable[..., None]], Any] = cuda.jit(fastmath=False)


@_compiled
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    pixel = cuda.grid(1)
    if pixel >= out.size:
        return
    row, column = pixel // out.shape[1], pixel % out.shape[1]
    cr, ci = xs[column], ys[row]
    zr, zi = cr, ci
    out[row, column] = maxiter - 1
    # Numba has no option that keeps NVIDIA's compiler from fusing a product
    # with a sum, even without fastmath; these products it must round.
    for n in range(maxiter):
        zr2, zi2 = libdevice.dmul_rn(zr, zr), libdevice.dmul_rn(zi, zi)
        if zr2 + zi2 > 4.0:
            out[row, column] = n
            return
        zi = libdevice.dmul_rn(2.0 * zr, zi) + ci
        zr = zr2 - zi2 + cr


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` on the current device; its copy back is part of the time."""
    try:
        device = cuda.get_current_device()
    except error.CudaSupportError as failure:
        reason = str(failure).strip().splitlines()[-1]
        raise UnavailableError(f"no CUDA device answers ({reason})", hint=NO_DEVICE) from failure
    xs, ys = map(cuda.to_device, grid.axes(rows))
    result = cuda.device_array(out.shape, out.dtype)
    started, ended = cuda.event(), cuda.event()
    started.record()
    try:
        _fill[-(-out.size // _THREADS), _THREADS](xs, ys, grid.maxiter, result)
    except AttributeError as failure:
        # numba-cuda names functions of NumPy that a newer NumPy has dropped.
        raise UnavailableError(
            f"numba-cuda cannot compile ({failure})", hint="pip install 'numpy<2.5' beside it"
        ) from failure
    ended.record()
    result.copy_to_host(out)
    team.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    name = device.name
    return name.decode() if isinstance(name, bytes) else str(name)
