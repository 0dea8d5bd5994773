"""Chunks of a Dask array: enough for all workers, and not a task for each handful of points."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import kind
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat dask",
    function="cut",
    needs=("numpy", "dask"),
    task="""
cut returns the Dask array `plate`, of n × n points, in chunks for a step with neighbours
(map_overlap): a chunk for each of the `workers`, and no more. Each chunk is some tasks for each
step, and a task costs Dask a millisecond; the points of a chunk cost a nanosecond each.

plate.rechunk((rows, columns)) cuts it anew. Whole rows lie together in memory: let each chunk
have all columns, and as many rows as the others, but for the last.
""",
    given='''
def cut(plate, workers):
    """Return the plate in `workers` chunks of whole rows."""
    raise NotImplementedError("as many chunks as workers, of whole rows")
''',
    solution="""
    rows, columns = plate.shape
    return plate.rechunk((-(-rows // workers), columns))
""",
    hint="-(-a // b) is a / b, rounded up.",
)


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
