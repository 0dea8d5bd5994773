"""Views of files by every datatype constructor, and HDF5 selections, on one to four ranks."""

from pathlib import Path

import pytest

from running import on_ranks, printed
from tiers import sampled

PROGRAMS = Path(__file__).parent
# What is between the places of a view with gaps, in a file that had nothing there.
HOLES = """
import sys
import numpy as np
from mpi4py import MPI

comm, path, call = MPI.COMM_WORLD, sys.argv[1] + "/holes", sys.argv[2]
secrets = np.full(4_000_000, 7)
del secrets
file = MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_RDWR)
every = MPI.INT.Create_vector(5000, 1, 2 * comm.size).Commit()
file.Set_view(4 * comm.rank, MPI.INT, every)
if request := getattr(file, call)(np.full(5000, 1 + comm.rank, "i4")):
    request.Wait()
file.Close()
if comm.rank == 0:
    rows = np.zeros((5000, 2 * comm.size), "i4")
    found = np.fromfile(path, "i4")
    rows.ravel()[: found.size] = found
    print((rows == [*range(1, comm.size + 1), *comm.size * [0]]).all())
"""
# A seed nests datatypes by chance.
SEEDS = [(), (1,), (2,), (3,)]


@pytest.mark.parametrize("seed", sampled(SEEDS))
@pytest.mark.parametrize("size", sampled([2, 1, 3, 4]))
def test_ranks_write_and_read_what_their_views_show(
    tmp_path: Path, size: int, seed: tuple[int, ...]
) -> None:
    assert printed(on_ranks(size, PROGRAMS / "views.py", tmp_path, *seed)).split()[1:] == ["cases"]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("call", ["Write", "Write_all", "Iwrite_all"])
def test_no_memory_of_a_rank_is_in_a_files_holes(tmp_path: Path, size: int, call: str) -> None:
    done = on_ranks(size, "-c", HOLES, tmp_path, call)
    assert printed(done) == "True\n"


@pytest.mark.parametrize("size", sampled([2, 1, 3]))
def test_ranks_write_and_read_what_they_select_of_hdf5s_datasets(tmp_path: Path, size: int) -> None:
    done = on_ranks(size, PROGRAMS / "selections.py", tmp_path)
    assert (done.returncode, done.stdout.split()[1:]) == (0, ["cases"]), done
