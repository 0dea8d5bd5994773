"""A GPU's threads that have no point of their own; by Numba's simulator, without a GPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workloads.exercise.judging import difference, plate_and_step, wrong_r
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat numba-cuda", function="inside", needs=("numpy", "numba"), second="tiled"
)
# How long every other thread takes for a number, so that nobody can do without waiting.
_SLOW_SECONDS = 0.005


def judge(module: Any) -> str:
    return next(filter(None, (_wrong_step(module, shape) for shape in ((20, 30), (33, 17)))), "")


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


def _beyond(kernel: Any, side: int, old: Any, new: Any, r: float = 0.25) -> str:
    """Run a kernel, and say that it has computed beyond the plate."""
    try:
        blocks = tuple(-(-each // side) for each in new.shape[::-1])  # x is the column
        kernel[blocks, (side, side)](old, new, r)
    except IndexError:
        return "a thread has read beyond the plate: both ends count, of i and of j"
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
    return _without_r(module.tiled, tile, shape)


def _without_r(kernel: Any, side: int, shape: tuple[int, int], r: float = 0.125) -> str:
    """Say that a kernel which is right for r = 1/4 is wrong for another r."""
    old, want = plate_and_step(shape, r)
    new = old.copy()
    _beyond(kernel, side, old, new, r)
    wrong = difference(new, want)
    return f"{wrong_r(new, old, r)}{wrong}" if wrong else ""


def _where(wrong: Any, tile: int) -> str:
    """Say what the places of wrong points have in common."""
    places = [tuple(map(int, each)) for each in zip(*wrong.nonzero(), strict=True)]
    last = [size - 2 for size in wrong.shape]
    if all(1 in place or place[0] == last[0] or place[1] == last[1] for place in places):
        return "points beside the plate's edge are wrong: its threads bring theirs, too: "
    if all({each % tile for each in place} & {0, tile - 1} for place in places):
        return "points at the tiles' sides are wrong: who brings their halo? "
    return ""
