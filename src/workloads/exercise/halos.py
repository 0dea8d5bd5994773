"""What judges of halos share: a plate, a rank's strip of it, and what is wrong with its halo."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import common_numbers


def strip(comm: Any) -> tuple[Any, Any, Any, Any]:
    """Return a plate, a rank's strip with its halo still to be filled, and both neighbours.

    The rows of the plate are counted from 1, and strips differ in length.
    """
    import numpy as np  # noqa: PLC0415
    from mpi4py import MPI  # noqa: PLC0415

    plate = common_numbers(comm).random((_bounds(comm.size - 1)[1], 5))
    first, last = _bounds(comm.rank)
    block = np.empty((last - first + 2, 5))
    block[0], block[-1] = _unfilled(comm.rank)
    block[1:-1] = plate[first:last]
    up = comm.rank - 1 if comm.rank else MPI.PROC_NULL
    down = comm.rank + 1 if comm.rank < comm.size - 1 else MPI.PROC_NULL
    return plate, block, up, down


def wrong_halo(comm: Any, plate: Any, block: Any, halves: tuple[bool, bool] = (True, True)) -> str:
    """Say what is wrong with a strip's upper halo, or its lower one; "" if nothing is."""
    first, last = _bounds(comm.rank)
    if (block[1:-1] != plate[first:last]).any():
        return f"on rank {comm.rank} rows of its own have changed: the halo alone is filled"
    for name, row, unfilled, number, has_neighbour, is_due in zip(
        ("first", "last"),
        (block[0], block[-1]),
        _unfilled(comm.rank),
        (first, last + 1),
        (comm.rank > 0, comm.rank < comm.size - 1),
        halves,
        strict=True,
    ):
        if not is_due or (row == (plate[number - 1] if has_neighbour else unfilled)).all():
            continue
        if not has_neighbour:
            return f"on rank {comm.rank} the {name} row has changed: nobody is beyond it"
        rows = [f"row {k}" for k, own in enumerate(plate, 1) if (own == row).all()]
        halos = {filler for rank in range(comm.size) for filler in _unfilled(rank)}
        other = "a neighbour's halo" if {*row.tolist()} <= halos else "of other numbers"
        content = "not filled" if (row == unfilled).all() else (*rows, other)[0]
        return f"on rank {comm.rank} the {name} row is {content}, not row {number} of the plate"
    return ""


def _unfilled(rank: int) -> tuple[float, float]:
    """Return what a rank's first and last row have before they are filled, as no other's."""
    return -2.0 * rank - 1, -2.0 * rank - 2


def _bounds(rank: int) -> tuple[int, int]:
    return (rank * (rank + 7)) // 2, ((rank + 1) * (rank + 8)) // 2
