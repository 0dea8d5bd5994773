"""Whether this MPI library takes arrays on a GPU is asked before one is sent."""

from __future__ import annotations

from needed import needs

from running import on_ranks, said


def test_the_images_own_mpi_says_that_it_does_not() -> None:
    code = """
from mpi4py import MPI
from workloads.errors import UnavailableError
from workloads.p2p.mpi import require_gpu_aware
try:
    require_gpu_aware(MPI.Get_library_version())
except UnavailableError as error:
    print(str(error).replace(" ", "_"))
"""
    (words,) = said(code)
    assert "cannot_send_from_a_GPU" in words
    assert "LD_LIBRARY_PATH" in words


# CuPy stands in: no device is reached.
@needs("cupy")
def test_every_rank_ends_and_one_line_says_why() -> None:
    code = """
import sys
from workloads.bench import workload
from workloads.p2p import registry
from workloads.__main__ import _entry
registry.TECHNIQUES["mpi-cupy"] = workload.Technique(
    "workloads.p2p.mpi:CuPy", "", ("numpy", "cupy", "mpi4py"), parallel="ranks"
)
sys.argv[1:] = ["p2p", "--impl", "mpi-cupy", "--sizes", "8", "--times", "1"]
sys.exit(_entry())
"""
    done = on_ranks(2, "-c", code)
    assert done.returncode == 69
    assert done.stdout == ""
    assert done.stderr.count("cannot send from a GPU") == 1
    assert "Traceback" not in done.stderr
