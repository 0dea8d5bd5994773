"""Memory files have no room, and there is no folder for temporary files.

In `make test`: `tests/launch/test_cluster_failures.py`, a full disk.
"""

from __future__ import annotations

import pytest
from local_cluster import image, only_root

from running import run

pytestmark = pytest.mark.long

SUM = "from mpi4py import MPI; print(MPI.COMM_WORLD.allreduce(1))"
RANKS = ("mpiexec", "-n", "2", "python3", "-c", SUM)
# In a mount namespace of its own: the machine's is as it was.
SMALL_SHM = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"'


@only_root
def test_mpi_without_room_for_memory_files_ends() -> None:
    done = run("unshare", "--mount", "sh", "-c", SMALL_SHM, "sh", *image(), *RANKS)
    assert done.returncode != 0
    assert "Bus error" in done.stdout


@pytest.mark.parametrize("impl", ["mpi-dynamic", "numba", "multiprocessing"])
def test_workloads_do_without_temporary_files(impl: str) -> None:
    engine, word, sif = image()
    mandel = ("python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", impl)
    ranks = RANKS[:3] if impl == "mpi-dynamic" else ()
    done = run(engine, word, "--no-mount=tmp", sif, *ranks, *mandel)
    assert (done.returncode, done.stderr) == (0, "")
    assert "identical" in done.stdout or "match" in done.stdout
