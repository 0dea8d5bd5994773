"""Every row for a GPU, of every workload, where there is none: one line, exit code 69."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys

import pytest

from running import on_ranks
from workloads.harness.cuda import no_device
from workloads.registry import WORKLOADS

pytestmark = pytest.mark.skipif(not no_device(), reason="this machine has a CUDA device")
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


def test_every_row_for_a_gpu_is_among_them() -> None:
    for_linalg = {"cupy-batch", "cupy-mpi"}
    assert {row for _, row in rows()} == {"cupy", "mpi-cupy", "numba-cuda"} | for_linalg
    assert len(rows()) == 9


# recipes/patches/numba-cuda.patch
@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is not None, reason="numba-cuda is here")
def test_numbas_own_package_is_there_where_numba_cuda_is_not() -> None:
    code = "from numba import cuda; print(cuda.implementation, cuda.is_available())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Built-in False\n", "")


@pytest.mark.parametrize(("workload", "row"), rows())
def test_it_says_what_to_do(workload: str, row: str) -> None:
    words = ["-m", "workloads", workload, "--impl", row]
    if workload == "linalg":
        tasks = {"cupy-mpi": "tasks", "cupy-batch": "tasks", "numba-cuda": "addone"}
        words += ["--task", tasks.get(row, "dot")]
    if workload in ON_TWO_RANKS:
        done = on_ranks(2, *words)
    else:
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.splitlines() == [
        f"workloads: {workload}: {row} cannot run here: {NO_DEVICE}"
    ]


@pytest.mark.parametrize("workload", sorted({workload for workload, _ in rows()}))
def test_the_list_says_it_too(workload: str) -> None:
    words = [sys.executable, "-m", "workloads", workload, "--list"]
    env = {name: text for name, text in os.environ.items() if not name.startswith("PMI_")}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    said = {line.split()[0]: line for line in done.stdout.splitlines()}
    for row in (row for name, row in rows() if name == workload and name not in ON_TWO_RANKS):
        assert said[row].endswith(f"[cannot run here: {NO_DEVICE}]")
