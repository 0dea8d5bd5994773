"""Every row for a GPU, of every workload, where there is none: one line, exit code 69."""

import importlib
import importlib.util
import sys

import pytest

from hpcpy_common.machine import no_cuda_device
from running import on_ranks, printed, run, said
from workloads.registry import WORKLOADS

pytestmark = pytest.mark.skipif(not no_cuda_device(), reason="this machine has a CUDA device")
NO_DEVICE = "no CUDA device: run with --nv on a GPU node"
# One rank of it has nobody to send to, and says that first.
ON_TWO_RANKS = {"p2p"}


def rows() -> list[tuple[str, str]]:
    found = []
    for name in WORKLOADS:
        techniques = importlib.import_module(f"workloads.{name}.registry").TECHNIQUES
        found += [(name, row) for row, one in techniques.items() if "cup" in str(one.needs)]
        found += [(name, row) for row, one in techniques.items() if "numba_cuda" in one.needs]
    return sorted(set(found))


NO_NUMBA_CUDA = pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is not None, reason="numba-cuda is here"
)


# recipes/patches/numba/cuda.patch
@NO_NUMBA_CUDA
def test_numbas_own_package_is_there_where_numba_cuda_is_not() -> None:
    code = "from numba import cuda; print(cuda.implementation, cuda.is_available())"
    assert printed(run(sys.executable, "-c", code)) == "Built-in False\n"


@pytest.mark.usefixtures("no_number_of_threads")
def test_numba_for_cuda_leaves_the_threads_of_other_techniques_alone() -> None:
    # Numba reads its number of threads when it is first imported.
    code = "from workloads.mandel.registry import TECHNIQUES; TECHNIQUES['numba-cuda'].load(); "
    assert int(said(f"{code}import numba; print(numba.config.NUMBA_NUM_THREADS)")[0]) >= 8


@pytest.mark.parametrize(("workload", "row"), rows())
def test_it_says_what_to_do(workload: str, row: str) -> None:
    words = ["-m", "workloads", workload, "--impl", row]
    if workload == "linalg":
        tasks = {"cupy-mpi": "tasks", "cupy-batch": "tasks", "numba-cuda": "addone"}
        words += ["--task", tasks.get(row, "dot")]
    done = on_ranks(2, *words) if workload in ON_TWO_RANKS else run(sys.executable, *words)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.splitlines() == [
        f"workloads: {workload}: {row} cannot run here: {NO_DEVICE}"
    ]
