"""GPUs: NumPy's slices by CuPy, tiles in shared memory by Numba, and JAX, which needs none."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from workloads.device import cuda as gpu
from workloads.heat.plate import R, Solved, march, numpy_step

if TYPE_CHECKING:
    from workloads.heat.plate import Plate
    from workloads.parallel.workers import Workers

# Points along the side of a tile: a block has 256 threads.
_TILE = 16


def cupy(plate: Plate, workers: Workers) -> Solved:
    """Do NumPy's step on arrays of the GPU: nothing but their kind is another."""
    cupy, name = gpu.cupy_device()  # import cupy, with a GPU
    old, new = map(cupy.asarray, plate.start())
    with gpu.cupy_kernels(cupy, workers):
        solved = march(plate, old, new, numpy_step)
    return Solved(solved.field.get(), plate.steps, name)


def jax(plate: Plate) -> Solved:
    """Make a new array at each step; JAX compiles step and loop, for a GPU if it sees one."""
    jax, loop = _jax_loop()
    field = loop(plate.start()[0], plate.steps)
    return Solved(field.block_until_ready(), plate.steps, f"on {jax.default_backend()}")


@functools.cache
def _jax_loop() -> tuple[Any, Any]:
    """Return jax and the loop; the number of steps is an argument, not a reason to compile."""
    import jax  # noqa: PLC0415

    jax.config.update("jax_enable_x64", True)  # by default its numbers are single precision

    def change(old: Any) -> Any:
        around = (old[:-2, 1:-1] + old[2:, 1:-1]) + (old[1:-1, :-2] + old[1:-1, 2:])
        return R * (around - 4.0 * old[1:-1, 1:-1])

    def step(_: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        # The sum is left to the next turn: XLA would fuse it with the product, for other bits.
        field = state[0].at[1:-1, 1:-1].add(state[1])
        return field, change(field)

    return jax, jax.jit(
        lambda field, steps: jax.lax.fori_loop(0, steps, step, (field, change(field)))[0]
    )


def numba_cuda(plate: Plate, workers: Workers) -> Solved:
    """Read each point once a tile from the GPU's memory, not five times."""
    name, (cuda, _) = gpu.numba_device(), gpu.numba_modules()
    kernel, blocks = numba_kernel(), -(-plate.n // _TILE)
    old, new = map(cuda.to_device, plate.start())
    started, ended = cuda.event(), cuda.event()
    with gpu.numba_compilation():
        kernel[(1, 1), (_TILE, _TILE)](old, new, 0)
    started.record()
    start = kernel[(blocks, blocks), (_TILE, _TILE)]
    solved = march(plate, old, new, lambda old, new: start(old, new, plate.n))
    ended.record()
    field = solved.field.copy_to_host()
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return Solved(field, plate.steps, name)


@functools.cache
def numba_kernel() -> Any:
    """Return the kernel in Python; importing numba-cuda is for machines with a GPU."""
    cuda, libdevice = gpu.numba_modules()
    tile, side = _TILE, _TILE + 2

    @cuda.jit(fastmath=False)  # type: ignore[untyped-decorator]
    def step(old: Any, new: Any, n: int) -> None:
        shared = cuda.shared.array((side, side), "float64")
        x, y = cuda.threadIdx.x + 1, cuda.threadIdx.y + 1
        # x is the column, so that neighbouring threads read neighbours in memory: coalesced.
        j, i = cuda.blockIdx.x * tile + x, cuda.blockIdx.y * tile + y
        is_inside = i <= n and j <= n
        if is_inside:
            shared[y, x] = old[i, j]
            # The threads at a side of the tile bring its halo, too.
            if y == 1:
                shared[0, x] = old[i - 1, j]
            if x == 1:
                shared[y, 0] = old[i, j - 1]
            if y == tile or i == n:
                shared[y + 1, x] = old[i + 1, j]
            if x == tile or j == n:
                shared[y, x + 1] = old[i, j + 1]
        # All threads of the block, also those outside: the tile is complete behind it.
        cuda.syncthreads()
        if is_inside:
            above, below = shared[y - 1, x], shared[y + 1, x]
            around = (above + below) + (shared[y, x - 1] + shared[y, x + 1])
            change = around - 4.0 * shared[y, x]  # four times is exact, fused or not
            new[i, j] = shared[y, x] + libdevice.dmul_rn(R, change)

    return step
