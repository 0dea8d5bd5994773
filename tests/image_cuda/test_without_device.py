"""Without a device: what the rows say, how a start looks, kernels in numba-cuda's simulator."""

import json
from pathlib import Path
from typing import Any

import pytest

from hpcpy_common.machine import no_cuda_device
from running import printed, python

without_device = pytest.mark.skipif(not no_cuda_device(), reason="this machine has a CUDA device")


@without_device
def test_cupy_knows_no_device() -> None:
    assert printed(python("-c", "import cupy; print(cupy.cuda.is_available())")) == "False\n"


# Through numba's own package, which gives way, or by numba-cuda's .pth file.
@without_device
@pytest.mark.parametrize("site", ["", "stock"])
@pytest.mark.parametrize(
    "line",
    [
        "from numba import cuda",
        "import numba.cuda.cudadrv.error; from numba import cuda",
        "import importlib; cuda = importlib.import_module('numba.cuda')",
    ],
)
def test_numba_for_cuda_is_nvidias(line: str, site: str) -> None:
    code = f"""
{line}
import sys
print(cuda.implementation, cuda.is_available(), cuda is sys.modules["numba.cuda"])
files = [getattr(module, "__file__", None) or "" for module in [*sys.modules.values()]]
print([file for file in files if "/site-packages/numba/cuda/" in file])
print(cuda.__spec__.origin == cuda.__file__, "/numba_cuda/" in cuda.__path__[0])
"""
    shown = printed(python("-c", code, HPCPY_MODULES=site))
    assert shown.splitlines() == ["NVIDIA False True", "[]", "True True"]


# A device file alone is no driver.
@without_device
@pytest.mark.parametrize(
    ("row", "says"),
    [("cupy", "CUDA driver version"), ("numba-cuda", "CUDA driver library cannot be found")],
)
def test_a_driver_that_does_not_answer_is_said_in_one_line(row: str, says: str) -> None:
    code = f"""
import contextlib
import numpy as np
from hpcpy_common.errors import UnavailableError
from workloads.bench.workload import Trial
from workloads.parallel.workers import Workers
from workloads.mandel.grid import Grid
from workloads.mandel.registry import TECHNIQUES, compute
trial = Trial("{row}", TECHNIQUES["{row}"], Workers(1), contextlib.nullcontext)
try:
    grid = Grid(-2.0, 0.5, -1.25, 1.25, 8, 8, 80)
    compute(trial, grid, range(8), np.empty((8, 8), np.int32), "numba")
except UnavailableError as error:
    print(error)
"""
    shown = printed(python("-c", code))
    assert shown.count("\n") == 1
    assert shown.startswith("no CUDA device answers (")
    assert says in shown
    assert shown.endswith("; run with --nv on a GPU node\n")


# As in hpcpy; numba tries a package that is missing, so that the second bundle is opened.
MOST = {"pass": 8, "numba": 22}


def counted(*what: str) -> Any:
    report = Path("/tmp") / f"start-{'-'.join(what)}.json"  # noqa: S108
    words = ["-m", "workloads", "startup", "--impl", "strace", *what, "--json", str(report)]
    done = python(*words)
    if done.returncode == 69:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    details = json.loads(report.read_text())["results"][0]["details"]
    report.unlink()
    return details[0] if isinstance(details, list) else details


def test_a_start_costs_what_hpcpys_does() -> None:
    assert counted("--case", "pass")["path_calls"] <= MOST["pass"]
    assert counted("--import", "numba")["path_calls"] <= MOST["numba"]


def test_numba_for_cuda_comes_from_memory_but_for_extension_modules() -> None:
    assert counted("--import", "numba.cuda")["path_calls"] <= 230


SIMULATED = """
import numpy as np
from workloads.linalg import numba_gpu
numbers = np.arange(10.0)
numba_gpu.add_one[3, 4](numbers)
assert [*numbers] == [*range(1, 11)], numbers
"""


def test_linalgs_numbers_are_right() -> None:
    done = python("-c", SIMULATED, NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stderr
