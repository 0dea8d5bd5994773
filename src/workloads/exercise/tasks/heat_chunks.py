"""Chunks of a Dask array: enough for all workers, and not a task for each handful of points."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference, kind, plate_and_step, stepped
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="heat dask", function="cut", needs=("numpy", "dask"), second="several")


def judge(module: Any) -> str:
    import dask.array as da

    for n, workers in (600, 4), (601, 4), (500, 3):
        plate = da.zeros((n, n), chunks=(20, 20))
        answer = module.cut(plate, workers)
        if type(answer) is not da.Array:
            return f"{kind(answer, 'cut')}, not a Dask array"
        if answer.shape != plate.shape:
            return f"the plate has {answer.shape} points, not {plate.shape}"
        if wrong := _wrong_cut(answer, n, workers):
            return wrong
    return ""


def _wrong_cut(plate: Any, n: int, workers: int) -> str:
    import dask

    rows, columns = plate.numblocks
    if columns > 1:
        return f"{n} columns are cut into {columns}: a chunk has whole rows"
    if rows < workers:
        return f"{rows} chunks of {n} rows leave {workers - rows} of {workers} workers idle"
    if rows > workers:
        step = plate.map_overlap(lambda block: block, depth=1, boundary=0.0)
        tasks = len(dask.optimize(step)[0].__dask_graph__())
        return f"{rows} chunks of {n} rows for {workers} workers: {tasks} tasks for each step"
    if max(plate.chunks[0]) > -(-n // workers):
        return f"a chunk has {max(plate.chunks[0])} of {n} rows: the others wait for it"
    return ""


def judge_second(module: Any) -> str:
    import dask
    import dask.array as da

    sizes, steps = list[int](), 3

    def step(block: Any) -> Any:
        if min(block.shape) < 3:  # Dask tries it with an empty array first
            return block.copy()
        sizes.append(block.size)
        return stepped(block)

    start, want = plate_and_step((40, 12))
    for _ in range(steps - 1):
        want = stepped(want)
    answer = module.several(da.from_array(start, chunks=(10, 12)), step, steps)
    if type(answer) is not da.Array:
        return f"{kind(answer, 'several')}, not a Dask array"
    if sizes:
        return "the steps were done when several was called: return the plan, a Dask array"
    if answer.numblocks != (4, 1):
        return f"4 chunks have become {len([*answer.blocks.ravel()])}: there is one for each worker"
    return _wrong_steps(dask.compute(answer, scheduler="sync")[0], want, sizes, steps)


def _wrong_steps(field: Any, want: Any, sizes: list[int], steps: int) -> str:
    """Say what is wrong with the field after some steps, or with the parts that were computed."""
    import numpy as np

    if wrong := difference(field, want, "several"):
        if field.shape != want.shape:
            return wrong
        if (field[[0, -1]] != want[[0, -1]]).any():
            return f'the edge of the plate has changed: boundary="none" keeps it; {wrong}'
        rows = np.unique(np.nonzero(field != want)[0]).tolist()
        is_cut = all(min(row % 10, 9 - row % 10) < steps for row in rows)
        why = f"after {steps} steps a halo of fewer rows is stale: rows {rows} are wrong"
        return why if is_cut else wrong
    calls, right = len(sizes), 4 * steps
    if calls != right:
        return f"right, but step ran {calls} times, not {right}: once for each chunk and step"
    # The outer chunks have a halo at one side, the two others at both.
    rows, due = sum(sizes) // (12 * steps) - 40, 6 * steps
    if rows < due:
        return f"right, but each of {steps} steps gets a halo: one map_overlap does it once"
    return f"right, but the halo is wider than {steps} rows, for nothing" if rows > due else ""
