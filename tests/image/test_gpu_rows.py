"""Rows for a GPU where there is none: ranks that share one, absent compilers, one line each."""

import importlib
import importlib.util
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from hpcpy_common.errors import UnavailableError
from hpcpy_common.machine import no_cuda_device
from running import on_ranks, printed, run, said
from workloads.device import cuda
from workloads.registry import WORKLOADS

no_gpu = pytest.mark.skipif(not no_cuda_device(), reason="this machine has a CUDA device")
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
@no_gpu
@NO_NUMBA_CUDA
def test_numbas_own_package_is_there_where_numba_cuda_is_not() -> None:
    code = "from numba import cuda; print(cuda.implementation, cuda.is_available())"
    assert printed(run(sys.executable, "-c", code)) == "Built-in False\n"


@no_gpu
@pytest.mark.usefixtures("no_number_of_threads")
def test_numba_for_cuda_leaves_the_threads_of_other_techniques_alone() -> None:
    # Numba reads its number of threads when it is first imported.
    code = "from workloads.mandel.registry import TECHNIQUES; TECHNIQUES['numba-cuda'].load(); "
    assert int(said(f"{code}import numba; print(numba.config.NUMBA_NUM_THREADS)")[0]) >= 8


@no_gpu
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


# A node of two devices, whose arrays are NumPy's. What a rank solves, and where, is told on stdout.
AS_CUPY = """
import contextlib, dataclasses, sys, types
import numpy as np
from workloads.device import cuda
from workloads.linalg.registry import TECHNIQUES

@contextlib.contextmanager
def device(number):
    print("device", number, flush=True)
    yield

def eigh(matrix):
    from mpi4py import MPI
    fail(MPI.COMM_WORLD.rank)
    return np.linalg.eigh(matrix)

class Event:
    def record(self): self.recorded = True
    def synchronize(self): assert self.recorded

fake = types.ModuleType("cupy")
for name in ("asarray", "arange", "float64", "mean", "stack"):
    setattr(fake, name, getattr(np, name))
fake.asnumpy = np.asarray
fake.get_array_module = lambda _: types.SimpleNamespace(
    linalg=types.SimpleNamespace(eigh=eigh)
)
fake.cuda = types.SimpleNamespace(
    Device=device, Event=Event, get_elapsed_time=lambda started, ended: 2e3,
    runtime=types.SimpleNamespace(getDeviceCount=lambda: 2, memGetInfo=lambda: (9600, 9600)),
)
sys.modules["cupy"] = fake
cuda.cupy_device = lambda: (fake, "no GPU")
for row in ("cupy", "cupy-batch", "cupy-mpi"):
    TECHNIQUES[row] = dataclasses.replace(TECHNIQUES[row], needs=("numpy",), obstacle=str)
from workloads.__main__ import main
"""


def as_cupy(size: Any, fail: Any, *options: Any) -> Any:
    program = f"{AS_CUPY}\n{textwrap.dedent(fail)}\nsys.exit(main(['linalg', *sys.argv[1:]]))\n"
    return on_ranks(size, "-c", program, *options)


# A matrix of five rows takes 1600 bytes: half of what is free is enough for three.
@pytest.mark.parametrize(
    ("row", "task", "calls"),
    [
        *(("cupy", task, 1) for task in ("eigh", "gram", "dot", "mean")),
        *(("cupy", "tasks", 7), ("cupy-batch", "tasks", 3)),
    ],
)
def test_what_cupy_would_compute_is_right_and_timed(
    row: str, task: str, calls: int, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    words = ["--task", task, "--impl", row, "-n", 5, "--json", report]
    words += ["--count", 7] if task == "tasks" else []
    printed(as_cupy(1, "def fail(rank): pass", *words))
    (result,) = json.loads(report.read_text())["results"]
    assert result["ok"], result["verdict"]
    assert result["kernel"] == [2.0 * calls] * len(result["samples"])
    size = ", 3 matrices a call" if row == "cupy-batch" else ""
    assert result["note"].startswith(f"no GPU{size}; kernel ")


def cupy_mpi(size: Any, fail: Any, *options: Any) -> Any:
    words = ["--task", "tasks", "--impl", "cupy-mpi", "-n", 9, "--count", 7]
    return as_cupy(size, fail, *words, *options)


@pytest.mark.parametrize("size", [1, 3])
def test_ranks_do_all_tasks_and_take_the_devices_in_turn(size: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    shown = printed(cupy_mpi(size, "def fail(rank): pass", "--json", report))
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], result["workers"]) == (True, size)
    assert result["note"] == f"{min(size, 2)} × no GPU a node"
    # To warm up and for the sample.
    for device in (0, 1):
        used = shown.count(f"device {device}\n")
        assert used == 2 * len(range(device, size, 2))


# The others wait for it where nothing wakes them.
@pytest.mark.parametrize(
    ("failure", "says"),
    [
        ("RuntimeError('no libcusolver here')", "no libcusolver here; use the image hpcpy-cuda"),
        ("MemoryError('Out of memory')", "Out of memory; give a smaller -n, or fewer ranks"),
    ],
)
def test_what_one_rank_cannot_do_all_of_them_say_once(failure: str, says: str) -> None:
    done = cupy_mpi(3, f"def fail(rank):\n    if rank == 1: raise {failure}")
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert f"CuPy has failed: {says}" in done.stderr
    assert done.stderr.startswith("workloads: linalg: rank 1 on ")


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (ImportError("\n\nno libNVVM here\n:"), "(no libNVVM here)"),
        (RuntimeError(""), "(RuntimeError)"),
    ],
)
def test_a_compiler_that_is_absent_is_said_in_one_line(failure: Any, says: str) -> None:
    with pytest.raises(UnavailableError) as error, cuda.numba_compilation():
        raise failure
    assert says in str(error.value)
    assert "CUDA toolkit" in str(error.value)
    assert "\n" not in str(error.value)
