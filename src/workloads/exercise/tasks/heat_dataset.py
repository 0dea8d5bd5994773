"""One dataset of an HDF5 file, written by all ranks together (MPI)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import ref as weakref

from hpcpy_common.errors import HpcpyError
from workloads.exercise.judging import counted, difference, no_dataset, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-checkpoint", "write", "pack", needs=("h5py",))


def judge(module: Any) -> str:
    size = world().size
    return _written(module, "write", [0, 3, 7, 12, 18] if size > 1 else [0, 18])[1]


def judge_second(module: Any) -> str:
    import h5py

    size = world().size
    path, wrong = _written(module, "pack", [*range(0, 6 * size + 1, 6)], is_together=True)
    if wrong:
        return wrong
    with h5py.File(path, "r") as file:
        field = file["field"]
        if not field.compression:
            return "the dataset is right, and not compressed"
        if 6 % field.chunks[0]:
            return f"a chunk has {field.chunks[0]} rows, a rank 6: ranks share chunks"
    return ""


def _written(
    module: Any, name: str, bounds: list[int], *, is_together: bool = False
) -> tuple[str, str]:
    """Have all ranks write rows with these bounds; return the file, and what is wrong with it."""
    import h5py
    import numpy as np

    comm, moved, n = world(), dict[str, int](), bounds[-1]
    path = comm.bcast(str(Path(tempfile.mkdtemp()) / "plate.h5") if comm.rank == 0 else None)
    first, last = bounds[comm.rank : comm.rank + 2]
    want = np.arange(n * 5.0).reshape(n, 5) + 1
    mine, given = want[first:last].copy(), counted(comm, moved)
    with _watched_files(path, n, is_together) as (drivers, sizes):
        try:
            getattr(module, name)(given, path, mine, first, n)
        except (KeyError, RuntimeError) as error:
            # When the file is closed then, HDF5 has an error of its own.
            first_error = error.__context__ or error
            if not isinstance(first_error, KeyError) and "MPI_File" not in str(error):
                raise
            why = "a dataset is created by all ranks together, not by one of them"
            raise HpcpyError(f"on rank {comm.rank} {_line(first_error)}: {why}") from error
    # Numbers of rows and such may be sent, but not a row.
    if sent := sorted(call for call, size in moved.items() if size >= mine[0].nbytes):
        return path, f"comm.{sent[0]} brings rows to another rank: each rank writes its own"
    if drivers - {"mpio"}:
        return path, 'each rank opens a file of its own: driver="mpio", comm=comm opens one for all'
    comm.Barrier()
    if not Path(path).exists():
        return path, "there is no file at path"
    with h5py.File(path, "r") as file:
        if wrong := no_dataset(file, "field") or difference(file["field"][()], want, name):
            return path, wrong
    if max(sizes, default=0) > mine.size or sum(sizes) < mine.size:
        wrote = f"rank {comm.rank} wrote {sum(sizes)} numbers into its dataset"
        return path, f"{wrote}: each rank writes its own rows, here {mine.size} numbers"
    return path, ""


def _line(error: BaseException) -> str:
    return str(error.args[0]).partition("\n")[0]


@contextmanager
def _watched_files(
    path: str, n: int, is_together: bool
) -> Iterator[tuple[set[str | None], list[int]]]:
    """Note the drivers of all files, and the size of each write into datasets of this one.

    All datasets have to have `n` rows.

    All files have to be closed. Writes may have to be collective: of an independent one HDF5 says
    less, and later.

    The classes are watched: a program may have imported them before. The driver is not asked of
    a file, as HDF5 then copies the communicator, which all ranks must do together.
    """
    import h5py
    import numpy as np

    drivers, sizes, files = set[str | None](), list[int](), list[weakref[Any]]()
    opens, sets, writes = h5py.File.__init__, h5py.Dataset.__setitem__, h5py.Dataset.write_direct
    creates = h5py.Group.create_dataset

    def opened(file: Any, name: Any, *args: Any, **options: Any) -> None:
        # `dataset.file` is another object of a file that is open.
        if isinstance(name, (str, bytes, os.PathLike)):
            drivers.add(args[1] if len(args) > 1 else options.get("driver"))
            files.append(weakref(file))
        opens(file, name, *args, **options)

    def check(dataset: Any, source: Any) -> None:
        if dataset.file.filename != path:
            return
        sizes.append(np.size(source))
        if is_together and dataset._dxpl.get_dxpl_mpio() != h5py.h5fd.MPIO_COLLECTIVE:
            raise HpcpyError("each rank writes alone: with field.collective: all do together")

    def assigned(dataset: Any, place: Any, source: Any) -> None:
        check(dataset, source)
        sets(dataset, place, source)

    def written(dataset: Any, source: Any, *args: Any, **options: Any) -> None:
        check(dataset, source)
        writes(dataset, source, *args, **options)

    h5py.File.__init__, h5py.Group.create_dataset = opened, _creating(creates, n)
    h5py.Dataset.__setitem__, h5py.Dataset.write_direct = assigned, written
    try:
        yield drivers, sizes
        if any(file() for file in files):
            raise HpcpyError("the file is still open: with h5py.File(...) as file: closes it")
    finally:
        h5py.File.__init__, h5py.Group.create_dataset = opens, creates
        h5py.Dataset.__setitem__, h5py.Dataset.write_direct = sets, writes


def _creating(creates: Any, n: int) -> Any:
    """Return create_dataset that refuses what not all ranks create: they would wait for ever."""
    import numpy as np

    def created(group: Any, name: Any, shape: Any = None, *args: Any, **options: Any) -> Any:
        rows = (*np.atleast_1d(shape or np.shape(options.get("data"))), n)[0]
        if rows != n:
            raise HpcpyError(f"a dataset of {rows} rows: all ranks create one of all {n} rows")
        return creates(group, name, shape, *args, **options)

    return created
