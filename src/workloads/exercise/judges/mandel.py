"""Images, compared with the stored hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workloads.mandel import row_kernel
from workloads.mandel.answer import Answer
from workloads.mandel.grid import AREAS, Area
from workloads.mandel.registry import first_kernel

# The first one's pixels depend on the order of operations; the second is enough for rows.
_DEEP, _AREA = AREAS["area2"], AREAS["area1"]


def whole(compute: Callable[..., Any], _: Any) -> str:
    """Judge a function that computes an image from its axes."""
    grid = _DEEP.grid
    if wrong := _image(_DEEP, compute(*grid.axes(range(grid.height)), grid.maxiter)):
        return wrong
    # At c = -2 |z| stays 2, as at no pixel of the area.
    found, most = compute(np.array([-2.0]), np.array([0.0]), grid.maxiter)[0, 0], grid.maxiter - 1
    return "" if found == most else f"c = -2: {found}, not {most}: |z| stays 2, never > 2"


def cyclic(compute: Callable[..., Any], comm: Any) -> str:
    """Judge a function that deals rows out to ranks and gathers them on the first."""
    grid = _AREA.grid
    asked: list[int] = []

    def rows(wanted: range) -> Any:
        asked.extend(wanted)
        return row_kernel.rows(grid, wanted, first_kernel())

    used: set[str] = set()
    found = compute(_watched(comm, used), rows, grid.height, grid.width)
    if comm.rank and used <= {"rank", "size", "Get_rank", "Get_size"}:
        return f"rank {comm.rank} returned without comm.gather, which every rank must call"
    if comm.rank and found is not None:
        return f"on rank {comm.rank} {described(found)}, not None"
    wrong = "" if comm.rank else _image(_AREA, found)
    # A rank that is wrong does not come to this gather: its verdict ends all.
    return wrong or _dealt(comm.gather(asked) or [])


def _watched(comm: Any, used: set[str]) -> Any:
    """Return a duplicate that notes in `used` which attributes are read.

    With one communicator for both, a rank that has returned would answer the student's
    gather by the judge's.
    """

    class Watched(type(comm)):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            used.add(name)
            return super().__getattribute__(name)

    return Watched(comm.Dup())


def _image(area: Area, found: Any) -> str:
    grid = area.grid
    shape = (grid.height, grid.width)
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype.kind != "i":
        return f"{described(found)}, not whole numbers of shape {shape}"
    answer = Answer(area, range(grid.height))
    answer.take(answer.rows, np.ascontiguousarray(found, np.int32))
    return "" if answer.right else answer.verdict.removeprefix("WRONG: ")


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
