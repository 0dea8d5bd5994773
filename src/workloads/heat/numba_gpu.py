"""Numba for CUDA: a thread for each point, tiles in shared memory."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from numba import cuda
from numba.cuda.libdevice import dmul_rn

from workloads.heat.plate import Plate, R, Solved, march

if TYPE_CHECKING:
    from workloads.device.cuda import GpuClock

# Points along the side of a tile: a block has 256 threads.
_TILE = 16
_SIDE = _TILE + 2  # with the halo


@cuda.jit(fastmath=False)
def kernel(old: Any, new: Any, n: int) -> None:
    """Do a step of a tile; each point is read once a tile from the GPU's memory, not five times."""
    shared = cuda.shared.array((_SIDE, _SIDE), "float64")
    x, y = cuda.threadIdx.x + 1, cuda.threadIdx.y + 1
    # x is the column, so that neighbouring threads read neighbours in memory: coalesced.
    j, i = cuda.blockIdx.x * _TILE + x, cuda.blockIdx.y * _TILE + y
    is_inside = i <= n and j <= n
    if is_inside:
        shared[y, x] = old[i, j]
        # The threads at a side of the tile bring its halo, too.
        if y == 1:
            shared[0, x] = old[i - 1, j]
        if x == 1:
            shared[y, 0] = old[i, j - 1]
        if y == _TILE or i == n:
            shared[y + 1, x] = old[i + 1, j]
        if x == _TILE or j == n:
            shared[y, x + 1] = old[i, j + 1]
    # All threads of the block, also those outside: the tile is complete behind it.
    cuda.syncthreads()
    if is_inside:
        above, below = shared[y - 1, x], shared[y + 1, x]
        around = (above + below) + (shared[y, x - 1] + shared[y, x + 1])
        change = around - 4.0 * shared[y, x]  # four times is exact, fused or not
        new[i, j] = shared[y, x] + dmul_rn(R, change)


def tiles(plate: Plate, gpu_clock: GpuClock) -> Solved:
    """Copy the plate to the GPU, do all steps there, and copy it back."""
    blocks = -(-plate.n // _TILE)
    start = kernel[(blocks, blocks), (_TILE, _TILE)]
    old, new = map(cuda.to_device, plate.start())
    with gpu_clock():
        solved = march(plate, old, new, lambda old, new: start(old, new, plate.n))
    return solved._replace(field=solved.field.copy_to_host())


if __name__ == "__main__":
    print(tiles(Plate(1000, 100), nullcontext).field)
