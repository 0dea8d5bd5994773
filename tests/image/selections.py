"""Selections of parallel HDF5 against numpy: `mpiexec -n 3 python selections.py FOLDER`.

Each rank writes and reads its part of one dataset, by every layout, kind of selection and way.
Prints each case that is wrong, and the number of cases.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import h5py
import numpy as np
from mpi4py import MPI

COMM = MPI.COMM_WORLD
RANK, SIZE = COMM.rank, COMM.size
SHAPE = (12 * SIZE, 30)
LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunks": {"chunks": (5, 7)},
    "gzip": {"chunks": (5, 7), "compression": "gzip"},
    "lzf, shuffled, checked": {
        "chunks": (5, 7),
        "compression": "lzf",
        "shuffle": True,
        "fletcher32": True,
    },
}
OWNER = np.random.default_rng(1).integers(0, SIZE, SHAPE)
SELECTIONS: dict[str, Any] = {
    "rows": np.s_[12 * RANK : 12 * RANK + 12],
    "turns": np.s_[RANK::SIZE, ::3],
    "irregular rows": np.s_[[12 * RANK + row for row in (0, 1, 5, 6, 11)], 4:20],
    "irregular columns": np.s_[RANK::SIZE, [0, 3, 4, 9, 29]],
    "points": OWNER == RANK,
    "few points": (OWNER == RANK) & (np.arange(SHAPE[1]) % 11 == 3),
}


def right(path: str, layout: dict[str, Any], selection: Any, way: Callable[[Any], Any]) -> bool:
    whole = np.arange(float(np.prod(SHAPE))).reshape(SHAPE)
    wanted = np.full(SHAPE, -1.0)
    for theirs in COMM.allgather(selection):
        wanted[theirs] = whole[theirs]
    with h5py.File(path, "w", driver="mpio", comm=COMM) as file:
        data = file.create_dataset("x", SHAPE, "f8", fillvalue=-1.0, **layout)
        with way(data):
            data[selection] = whole[selection]
    with h5py.File(path, driver="mpio", comm=COMM) as file:
        data = file["x"]
        with way(data):
            own = data[selection]
        return bool((own == whole[selection]).all() and (data[:] == wanted).all())


def cases() -> Iterator[tuple[str, bool]]:
    ways: dict[str, Callable[[Any], Any]] = {
        "independent": nullcontext,
        "collective": lambda data: data.collective,
    }
    path = f"{sys.argv[1]}/selections.h5"
    for layout, options in LAYOUTS.items():
        for selected, selection in SELECTIONS.items():
            for how, way in ways.items():
                # HDF5 compresses what all ranks write together, and nothing else.
                if how == "collective" or "compression" not in options:
                    if RANK == 0:
                        print(f"begins: {layout}: {selected}: {how}", file=sys.stderr, flush=True)
                    yield f"{layout}: {selected}: {how}", right(path, options, selection, way)


results = dict(cases())
for case in (case for case, is_right in results.items() if not is_right):
    print(f"rank {RANK} of {SIZE}: {case}", flush=True)
COMM.Barrier()
if RANK == 0:
    print(len(results), "cases", flush=True)
