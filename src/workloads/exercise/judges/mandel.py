"""Images, compared with the stored hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workloads.mandel import row_kernel
from workloads.mandel.answer import Answer
from workloads.mandel.grid import AREAS, Area

# The first one's pixels depend on the order of operations; the second is enough for rows.
_DEEP, _AREA = AREAS["area2"], AREAS["area1"]


def whole(compute: Callable[..., Any], _: Any) -> str:
    """Judge a function that computes an image from its axes."""
    grid = _DEEP.grid
    return _image(_DEEP, compute(*grid.axes(range(grid.height)), grid.maxiter))


def cyclic(compute: Callable[..., Any], comm: Any) -> str:
    """Judge a function that deals rows out to ranks and gathers them on the first."""
    grid = _AREA.grid
    asked: list[int] = []

    def rows(wanted: range) -> Any:
        asked.extend(wanted)
        return row_kernel.rows(grid, wanted)

    found = compute(comm, rows, grid.height, grid.width)
    dealt = comm.gather(asked)
    return "" if comm.rank else _image(_AREA, found) or _dealt(dealt)


def _image(area: Area, found: Any) -> str:
    grid = area.grid
    shape = (grid.height, grid.width)
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype.kind != "i":
        return f"{described(found)}, not whole numbers of shape {shape}"
    answer = Answer(area, range(grid.height))
    image = np.ascontiguousarray(found, np.int32)
    answer.take(answer.rows, image)
    if answer.right:
        return ""
    said = answer.explain([answer.rows], lambda part: image[part.start : part.stop])
    return said.removeprefix("WRONG: ")


def _dealt(dealt: list[list[int]]) -> str:
    """Describe the first rank whose rows are not its own, or return an empty string."""
    for rank, rows in enumerate(dealt):
        own = range(rank, _AREA.grid.height, len(dealt))
        for row in rows:
            if row not in own:
                return f"the image is right, but rank {rank} computed row {row}: not its own"
        if sorted(rows) != [*own]:
            return f"the image is right, but rank {rank} computed {len(rows)} rows, not {len(own)}"
    return ""


def described(found: Any) -> str:
    """Return in words what kind of object an answer is."""
    if isinstance(found, np.ndarray):
        return f"the answer is an array of {found.dtype} of shape {found.shape}"
    return f"the answer is {type(found).__name__}"
