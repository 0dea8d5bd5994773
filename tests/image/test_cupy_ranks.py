"""The ranks that share GPUs, with NumPy in CuPy's place: all but the GPU itself."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from running import on_ranks

# A node of two devices. What a rank solves, and where, is told on stdout.
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

fake = types.SimpleNamespace(
    asarray=np.asarray, finfo=np.finfo, float64=np.float64, eye=np.eye,
    linalg=types.SimpleNamespace(eigh=eigh, norm=np.linalg.norm),
    cuda=types.SimpleNamespace(
        Device=device, runtime=types.SimpleNamespace(getDeviceCount=lambda: 2)
    ),
)
cuda.cupy_device = lambda: (fake, "no GPU")
TECHNIQUES["cupy-mpi"] = dataclasses.replace(
    TECHNIQUES["cupy-mpi"], needs=("numpy", "mpi4py"), obstacle=lambda: ""
)
from workloads.__main__ import main
"""


def cupy_mpi(size: Any, fail: Any, *options: Any) -> Any:
    program = f"{AS_CUPY}\n{textwrap.dedent(fail)}\nsys.exit(main(['linalg', *sys.argv[1:]]))\n"
    words = ["--task", "tasks", "--impl", "cupy-mpi", "-n", 9, "--count", 7]
    return on_ranks(size, "-c", program, *words, *options)


@pytest.mark.parametrize("size", [1, 3])
def test_ranks_do_all_tasks_and_take_the_devices_in_turn(size: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = cupy_mpi(size, "def fail(rank): pass", "--json", report)
    assert (done.returncode, done.stderr) == (0, "")
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], result["workers"]) == (True, size)
    assert result["note"] == f"{min(size, 2)} × no GPU a node"
    # To warm up and for the sample.
    for device in (0, 1):
        used = done.stdout.count(f"device {device}\n")
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
