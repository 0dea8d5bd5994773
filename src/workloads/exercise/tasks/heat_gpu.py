"""A GPU's threads that have no point of their own; by Numba's simulator, without a GPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workloads.exercise.judging import difference, plate_and_step
from workloads.exercise.tasks import Exercise, Second

EXERCISE = Exercise(
    slide="heat numba-cuda",
    function="inside",
    needs=("numpy", "numba"),
    task="""
A GPU runs step in many threads, each for one point. They start in blocks of 16 × 16: unless
both sides of a plate are multiples of 16, there are more threads than points. inside says which
threads have something to do: those whose row i and column j are of a point of the plate, whose
shape is `shape`, that is not at the edge.

A GPU does not say that an index is too large: it writes elsewhere. This check runs the kernel in
Numba's simulator (NUMBA_ENABLE_CUDASIM=1), which needs no GPU, and does say it.
""",
    given='''
from numba import cuda


@cuda.jit(device=True)
def inside(i, j, shape):
    """Tell whether row i, column j is a point of a plate of this shape, and not at its edge."""
    raise NotImplementedError("compare i and j with both ends")


@cuda.jit
def step(old, new, r):
    """Do one step of this thread's point."""
    i, j = cuda.grid(2)
    if inside(i, j, old.shape):
        around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
        new[i, j] = old[i, j] + r * (around - 4.0 * old[i, j])
''',
    solution="""
    return 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1
""",
    hint="The last row is shape[0] - 1, and it is at the edge.",
    second=Second(
        function="tiled",
        task="""
step reads five numbers for each point from the GPU's memory. A block of TILE × TILE threads can
read its points once, into `tile`: memory that they share, and that is fast. The thread's own point
is tile[y, x], and around the block's points there is a halo, which the threads at the tile's sides
bring. Who reads there what another thread has written must wait until it is there: all threads of
a block wait at cuda.syncthreads(), also those that have no point, so it stands in no if.
""",
        given='''
TILE = 8


@cuda.jit
def tiled(old, new, r):
    """Do one step of this thread's point, and read each point of `old` once for a block."""
    tile = cuda.shared.array((TILE + 2, TILE + 2), "float64")
    i, j = cuda.grid(2)
    y, x = cuda.threadIdx.x + 1, cuda.threadIdx.y + 1
    has_point, is_inside = i < old.shape[0] and j < old.shape[1], inside(i, j, old.shape)
    raise NotImplementedError("own point and halo into the tile, wait, and step's sum from there")
''',
        solution="""
    if has_point:
        tile[y, x] = old[i, j]
    if is_inside:
        if y == 1:
            tile[0, x] = old[i - 1, j]
        if y == TILE:
            tile[TILE + 1, x] = old[i + 1, j]
        if x == 1:
            tile[y, 0] = old[i, j - 1]
        if x == TILE:
            tile[y, TILE + 1] = old[i, j + 1]
    cuda.syncthreads()
    if is_inside:
        around = (tile[y - 1, x] + tile[y + 1, x]) + (tile[y, x - 1] + tile[y, x + 1])
        new[i, j] = tile[y, x] + r * (around - 4.0 * tile[y, x])
""",
        hint="The thread with y == 1 brings tile[0, x], too, and the plate's edge is in the tile.",
    ),
)
# How long every other thread takes for a number, so that nobody can do without waiting.
_SLOW_SECONDS = 0.005


def judge(module: Any) -> str:
    for shape in (20, 30), (33, 17):
        if wrong := _wrong_step(module, shape) or _wrong_inside(module.inside, shape):
            return wrong
    return ""


def _wrong_inside(inside: Any, shape: tuple[int, int]) -> str:
    """Say for which thread `inside` itself is wrong, whatever the kernel does with it."""
    function = getattr(inside, "fn", inside)  # the simulator's calls work in a kernel alone
    for i in range(shape[0] + 16):
        for j in range(shape[1] + 16):
            want = 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1
            if bool(function(i, j, shape)) != want:
                return f"inside({i}, {j}, {shape}) is {not want}, not {want}"
    return ""


def _wrong_step(module: Any, shape: tuple[int, int]) -> str:
    import numpy as np

    old, want = plate_and_step(shape)
    new = old.copy()
    if wrong := _beyond(module.step, 16, old, new):
        return wrong
    if not (wrong := difference(new, want)):
        return ""
    if np.array_equal(new[1:-1, 1:-1], want[1:-1, 1:-1]):
        return f"a point at the edge has changed: {wrong}"
    return f"a point inside was left out: {wrong}"


def _beyond(kernel: Any, side: int, old: Any, new: Any) -> str:
    """Run a kernel, and say that it has computed beyond the plate."""
    try:
        kernel[tuple(-(-each // side) for each in new.shape), (side, side)](old, new, 0.25)
    except IndexError:
        return "a thread beyond the plate has computed: both ends count, of i and of j"
    except NotImplementedError as error:
        # The simulator puts the thread's number before it.
        raise NotImplementedError(str(error).rpartition("]: ")[2]) from error
    return ""


class _Slow:
    """An array in a GPU's memory, whose reads are counted; every other thread waits for them."""

    def __init__(self, field: Any) -> None:
        self.field, self.shape, self.reads = field, field.shape, list[Any]()

    def __getitem__(self, place: Any) -> Any:
        self.reads.append(place)
        if min(place) < 0:
            raise IndexError
        if threading.current_thread().thread_id % 2:  # type: ignore[attr-defined]
            time.sleep(_SLOW_SECONDS)
        return self.field[place]


@contextmanager
def _waiting() -> Iterator[set[Any]]:
    """Note the threads that wait for the others of their block."""
    from numba.cuda.simulator.kernel import BlockThread

    waited, wait = set[Any](), BlockThread.syncthreads

    def noted(thread: Any) -> None:
        waited.add(thread)
        wait(thread)

    BlockThread.syncthreads = noted
    try:
        yield waited
    finally:
        BlockThread.syncthreads = wait


def judge_second(module: Any) -> str:
    tile, shape = module.TILE, (20, 13)
    field, want = plate_and_step(shape)
    old, new = _Slow(field), field.copy()
    with _waiting() as waited:
        if wrong := _beyond(module.tiled, tile, old, new):
            return wrong
    blocks = -(-shape[0] // tile) * -(-shape[1] // tile)
    if not waited:
        return "a thread reads what another one may not have written: cuda.syncthreads() waits"
    if idle := blocks * tile**2 - len(waited):
        return f"{idle} threads did not wait, and the others for ever: syncthreads stands in no if"
    if wrong := difference(new, want):
        return _where(new != want, tile) + wrong
    if len(old.reads) > blocks * (tile + 2) ** 2:
        return f"right, but {len(old.reads)} reads of {field.size} points: the tile has them"
    return ""


def _where(wrong: Any, tile: int) -> str:
    """Say what the places of wrong points have in common."""
    places = [tuple(map(int, each)) for each in zip(*wrong.nonzero(), strict=True)]
    last = [size - 2 for size in wrong.shape]
    if all(1 in place or place[0] == last[0] or place[1] == last[1] for place in places):
        return "points beside the plate's edge are wrong: its threads bring theirs, too: "
    if all({each % tile for each in place} & {0, tile - 1} for place in places):
        return "points at the tiles' sides are wrong: who brings their halo? "
    return ""
