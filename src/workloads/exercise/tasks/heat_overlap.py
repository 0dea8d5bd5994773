"""Computing while the halo is under way (MPI)."""

from __future__ import annotations

import time
from typing import Any

from workloads.exercise.judging import missing, note, noted, strip, watched, wrong_halo
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat mpi-overlap",
    function="step",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
compute(first, last) does the rows of a strip from `first` to before `last`. The strip has the
rows 1 to `rows`; row 1 needs the upper halo, block[0], row `rows` the lower one, block[-1], and
no other row needs any. So start the halo by comm.Irecv and comm.Isend, compute the inner rows
meanwhile, wait by MPI.Request.Waitall(requests), and compute the two outer rows.

block[1] goes up and block[-2] down; at the ends of the plate a neighbour is MPI.PROC_NULL.
""",
    given='''
from mpi4py import MPI


def step(comm, block, up, down, rows, compute):
    """Fill the halo of `block`, and have each of its rows computed once."""
    raise NotImplementedError("start, compute the inner rows, wait, compute the outer rows")
''',
    solution="""
    halo = [comm.Irecv(block[0], up), comm.Irecv(block[-1], down)]
    halo += [comm.Isend(block[1], up), comm.Isend(block[-2], down)]
    compute(2, rows)
    MPI.Request.Waitall(halo)
    compute(1, 2)
    compute(rows, rows + 1)
""",
    hint="compute(2, rows) stands between Isend and Waitall.",
)
# How long a neighbour that comes late waits for the inner rows of a rank that waits for it.
_LATE_SECONDS = 10.0


def judge(module: Any) -> str:
    from mpi4py import MPI

    comm, used, faults, done = MPI.COMM_WORLD, set[str](), list[str](), list[int]()
    given, (plate, block, up, down) = watched(comm, used), strip(comm)
    rows = len(block) - 2

    def compute(first: int, last: int) -> None:
        done.extend(range(first, last))
        if (first <= 1 or last > rows) and min(last, rows) > max(first, 2):
            faults.append("inner rows were computed together with an outer one: nothing overlaps")
        elif 1 in range(first, last) or rows in range(first, last):
            if wrong := wrong_halo(comm, plate, block, (first <= 1, last > rows)):
                faults.append(f"an outer row was computed before its halo had come: {wrong}")
        elif "Isend" not in used or "Irecv" not in used:
            faults.append("the inner rows were computed before the halo was started")
        elif comm.size > 1 and noted("late"):
            faults.append("the inner rows were computed after the wait: nothing overlaps")
        note("computed")

    comm.Barrier()
    if comm.rank % 2:
        _come_late((comm.size + 1) // 2)
    module.step(given, block, up, down, rows, compute)
    # A rank that comes late finds its neighbours' rows there.
    own = [each for each in faults if not comm.rank % 2 or "after the wait" not in each]
    if own:
        return own[0]
    if sorted(done) != [*range(1, rows + 1)]:
        return f"rank {comm.rank} computed the rows {sorted(done)}, not each of 1 to {rows} once"
    return missing(comm, used, "Irecv") or wrong_halo(comm, plate, block)


def _come_late(others: int) -> None:
    """Send when so many others have computed a row, as without this rank's they can."""
    end = time.monotonic() + _LATE_SECONDS
    while len({process for process, _ in noted("computed")}) < others:
        if time.monotonic() > end:
            note("late")
            return
        time.sleep(0.01)
