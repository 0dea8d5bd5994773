"""Views of files by datatypes, against typemaps: `mpiexec -n 4 python views.py FOLDER`.

A typemap is computed here by the MPI standard's rules, in doubles, and is the oracle: each rank
writes and reads what its view shows, and the file's bytes say whether that was right.  Prints
each case that is wrong, and the number of cases.  With a SEED, datatypes are nested by chance.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from mpi4py import MPI

COMM = MPI.COMM_WORLD
RANK, SIZE = COMM.rank, COMM.size
BYTES = 8  # of a double


@dataclass
class Typed:
    """A datatype beside its typemap: where its doubles lie, and how far the next one begins."""

    type: MPI.Datatype
    at: list[int]
    extent: int

    def blocks(self, lengths: Sequence[int], starts: Sequence[int]) -> list[int]:
        """Return the typemap of blocks of this datatype, whose starts are in doubles."""
        return [
            start + element * self.extent + place
            for length, start in zip(lengths, starts, strict=True)
            for element in range(length)
            for place in self.at
        ]

    def made(
        self, datatype: MPI.Datatype, lengths: Sequence[int], starts: Sequence[int]
    ) -> "Typed":
        ends = [s + n * self.extent for n, s in zip(lengths, starts, strict=True) if n]
        return Typed(datatype, self.blocks(lengths, starts), max(ends) - min(starts))


DOUBLE = Typed(MPI.DOUBLE, [0], 1)


def spread(extent: int, starts: Sequence[int]) -> list[int]:
    return [start * extent for start in starts]


# Each constructor takes what it repeats.


def contiguous(old: Typed, count: int = 3) -> Typed:
    return old.made(old.type.Create_contiguous(count), [count], [0])


def vector(old: Typed, stride: int = 4) -> Typed:
    made = old.type.Create_vector(3, 2, stride)
    return old.made(made, [2] * 3, spread(old.extent, [0, stride, 2 * stride]))


def hvector(old: Typed) -> Typed:
    step = 4 * old.extent
    return old.made(old.type.Create_hvector(3, 2, step * BYTES), [2] * 3, [0, step, 2 * step])


LENGTHS, STARTS = [2, 1, 3], [0, 3, 7]


def indexed(old: Typed) -> Typed:
    made = old.type.Create_indexed(LENGTHS, STARTS)
    return old.made(made, LENGTHS, spread(old.extent, STARTS))


def hindexed(old: Typed) -> Typed:
    starts = spread(old.extent, STARTS)
    return old.made(old.type.Create_hindexed(LENGTHS, spread(BYTES, starts)), LENGTHS, starts)


def indexed_block(old: Typed) -> Typed:
    made = old.type.Create_indexed_block(2, STARTS)
    return old.made(made, [2] * 3, spread(old.extent, STARTS))


def hindexed_block(old: Typed) -> Typed:
    starts = spread(old.extent, STARTS)
    return old.made(old.type.Create_hindexed_block(2, spread(BYTES, starts)), [2] * 3, starts)


def struct(old: Typed) -> Typed:
    """Make one of the old datatype and of doubles behind it."""
    behind = 2 * old.extent + 1
    types = [old.type, MPI.DOUBLE]
    made = MPI.Datatype.Create_struct([2, 3], [0, behind * BYTES], types)
    at = old.blocks([2], [0]) + DOUBLE.blocks([3], [behind])
    return Typed(made, at, behind + 3)


def part(old: Typed, grid: Sequence[int], chosen: np.ndarray, datatype: MPI.Datatype) -> Typed:
    whole = int(np.prod(grid))
    return Typed(
        datatype,
        old.blocks([1] * chosen.size, spread(old.extent, chosen.ravel())),
        whole * old.extent,
    )


def subarray(old: Typed) -> Typed:
    grid = np.arange(20).reshape(4, 5)
    return part(old, grid.shape, grid[1:3, 2:5], old.type.Create_subarray([4, 5], [2, 3], [1, 2]))


def subarray_fortran(old: Typed) -> Typed:
    grid = np.arange(20).reshape(4, 5, order="F")
    made = old.type.Create_subarray([4, 5], [2, 3], [1, 2], MPI.ORDER_F)
    return part(old, grid.shape, grid[1:3, 2:5].ravel(order="F"), made)


def darray(
    old: Typed, dealt: Sequence[int] = (MPI.DISTRIBUTE_BLOCK, MPI.DISTRIBUTE_CYCLIC)
) -> Typed:
    """Make this rank's part of 5 x 7: rows in blocks, columns in pairs by turns."""
    shape, processes = (5, 7), MPI.Compute_dims(SIZE, 2)
    where = np.unravel_index(RANK, processes)
    block = -(-shape[0] // processes[0])
    own = [
        np.arange(shape[0]) // block == where[0],
        np.arange(shape[1]) // 2 % processes[1] == where[1],
    ]
    chosen = np.arange(35).reshape(shape)[np.ix_(*own)]
    arguments = [MPI.DISTRIBUTE_DFLT_DARG, 2]
    return part(
        old, shape, chosen, old.type.Create_darray(SIZE, RANK, shape, dealt, arguments, processes)
    )


def resized(old: Typed) -> Typed:
    return Typed(old.type.Create_resized(0, (old.extent + 2) * BYTES), old.at, old.extent + 2)


def dup(old: Typed) -> Typed:
    return Typed(vector(old).type.Dup(), vector(old).at, vector(old).extent)


CONSTRUCTORS: list[Callable[[Typed], Typed]] = [
    *(contiguous, vector, hvector, indexed, hindexed, indexed_block, hindexed_block),
    *(struct, subarray, subarray_fortran, darray, resized, dup),
]


def own_part(inner: Typed) -> tuple[Typed, int]:
    """Return a view in which ranks take turns, each a place of the datatype's extent."""
    turn = Typed(
        inner.type.Create_resized(0, SIZE * inner.extent * BYTES), inner.at, SIZE * inner.extent
    )
    return turn, RANK * inner.extent


def views(seed: int | None) -> Iterator[tuple[str, Typed, int]]:
    """Yield a name, a view, and the doubles before it."""
    if seed is None:
        for make in CONSTRUCTORS:
            yield (
                (make.__name__, make(DOUBLE), 0)
                if make is darray
                else (make.__name__, *own_part(make(DOUBLE)))
            )
        return
    chance = random.Random(seed)  # noqa: S311
    for _ in range(40):
        chosen = [chance.choice(CONSTRUCTORS) for _ in range(chance.choice([2, 2, 3]))]
        inner = DOUBLE
        for make in chosen:
            # A rank's part of an array may be empty, and its extent is not the map's.
            inner = (subarray if make is darray else make)(inner)
        yield ("(".join(make.__name__ for make in reversed(chosen)), *own_part(inner))


def places(view: Typed, before: int, count: int) -> np.ndarray:
    tiles = range(-(-count // max(len(view.at), 1)))
    return np.array([before + tile * view.extent + at for tile in tiles for at in view.at], int)[
        :count
    ]


Call = Callable[[MPI.File, object, int], object]


def split(kind: str) -> Call:
    def call(file: MPI.File, data: object, offset: int) -> None:
        at = [offset] if "_at" in kind else []
        getattr(file, f"{kind}_begin")(*at, data)
        getattr(file, f"{kind}_end")(data)

    return call


def plain(name: str) -> Call:
    def call(file: MPI.File, data: object, offset: int) -> None:
        request = getattr(file, name)(*([offset] if "_at" in name else []), data)
        if request is not None:
            request.Wait()

    return call


INDEPENDENT = ["{}", "{}_at", "I{}", "I{}_at"]
COLLECTIVE = ["{}_all", "{}_at_all", "I{}_all", "I{}_at_all"]
SPLIT = ["{}_all", "{}_at_all"]


def calls(verb: str) -> Iterator[tuple[str, Call]]:
    for pattern in INDEPENDENT + COLLECTIVE:
        name = pattern.format(verb)
        name = f"I{name[1:].lower()}" if name.startswith("I") else name
        yield name, plain(name)
    for pattern in SPLIT:
        yield f"{pattern.format(verb)}_begin", split(pattern.format(verb))


def in_memory(data: np.ndarray, *, scattered: bool) -> tuple[np.ndarray, object]:
    """Return an array with the data, and it as MPI's buffer: with gaps if scattered."""
    if not scattered or not data.size:
        return data, [data, MPI.DOUBLE]
    wide = np.full(2 * data.size, -1.0)
    wide[::2] = data
    return wide, [wide, 1, MPI.DOUBLE.Create_vector(data.size, 1, 2).Commit()]


def check(path: str, view: Typed, before: int, verb: str, call: Call, *, scattered: bool) -> bool:
    # In two calls; the last tile of a view is not full, nor is one of no doubles.
    count = 2 * len(view.at) + len(view.at) // 2
    first = len(view.at) + len(view.at) // 3
    at = places(view, before, count)
    every = np.concatenate(COMM.allgather(at))
    content = np.full(int(every.max()) + 3, -2.0)
    if verb == "Read":
        content[:] = np.arange(content.size)
    if RANK == 0:
        content.tofile(path)
    COMM.Barrier()
    mine = (RANK + 1) * 1000.0 + np.arange(count)
    file = MPI.File.Open(COMM, path, MPI.MODE_RDWR)
    file.Set_view(before * BYTES, MPI.DOUBLE, view.type.Commit())
    is_right = True
    for begin, end in ((0, first), (first, count)):
        data = mine[begin:end].copy() if verb == "Write" else np.full(end - begin, -3.0)
        wide, buffer = in_memory(data, scattered=scattered)
        call(file, buffer, begin)
        if verb == "Read":
            is_right &= bool(
                (wide[::2] if wide.size != data.size else wide).tolist() == at[begin:end].tolist()
            )
    file.Close()
    if verb == "Write":
        for rank, theirs in enumerate(COMM.allgather(at)):
            content[theirs] = (rank + 1) * 1000.0 + np.arange(theirs.size)
        is_right = bool((np.fromfile(path) == content).all())
    return is_right


def main(folder: str, seed: int | None = None) -> None:
    path = f"{folder}/views"
    cases = 0
    for name, view, before in views(seed):
        results = {
            f"{call_name}{', scattered' * scattered}": check(
                path, view, before, verb, call, scattered=scattered
            )
            for verb in ("Write", "Read")
            for call_name, call in calls(verb)
            for scattered in (False, True)
        }
        cases += len(results)
        for case in (case for case, is_right in results.items() if not is_right):
            print(f"rank {RANK} of {SIZE}: {name}: {case}", flush=True)
    COMM.Barrier()
    if RANK == 0:
        print(cases, "cases", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
