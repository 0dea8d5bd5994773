"""The GPU's techniques where there is no GPU: one line, the next step, exit code 69."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from needed import needs

from workloads.__main__ import main
from workloads.errors import UnavailableError
from workloads.harness.cuda import no_device
from workloads.mandel.grid import Grid
from workloads.mandel.registry import TECHNIQUES

GRID = Grid(-2.0, 0.5, -1.25, 1.25, 7, 13, 50)


@pytest.fixture
def without_a_device() -> None:
    if not no_device():
        pytest.skip("this machine has a CUDA device")


@pytest.mark.usefixtures("without_a_device")
@pytest.mark.parametrize("name", ["cupy", "numba-cuda"])
def test_without_a_device_it_is_69_and_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mandel", "--impl", name]) == 69
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1


@pytest.mark.usefixtures("without_a_device")
def test_the_next_step_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["mandel", "--impl", "cupy"])
    assert "--nv on a GPU node" in capsys.readouterr().err


# The modules that can be imported say it as well: a device file alone is
# no working driver.
@pytest.mark.usefixtures("without_a_device")
@pytest.mark.parametrize("module", [pytest.param("cuda_cupy", marks=needs("cupy")), "cuda_numba"])
def test_a_driver_that_does_not_answer_is_said(module: str) -> None:
    technique = importlib.import_module(f"workloads.mandel.techniques.{module}")
    out = np.empty((GRID.height, GRID.width), np.int32)
    with pytest.raises(UnavailableError, match="--nv on a GPU node"):
        technique.compute(GRID, range(GRID.height), out, None)


def test_numba_cuda_says_which_package_is_missing() -> None:
    if importlib.util.find_spec("numba_cuda"):
        pytest.skip("numba-cuda is here")
    # On a machine with a GPU; a missing one is said before it.
    technique = dataclasses.replace(TECHNIQUES["numba-cuda"], obstacle=str)
    assert "use the image hpcpy-cuda" in technique.why_not()
    assert "pip install 'numba-cuda" in technique.why_not()


def test_numba_for_cuda_leaves_the_threads_of_other_techniques_alone() -> None:
    # Numba reads its number of threads when it is first imported.
    code = (
        "from workloads.mandel.techniques import cuda_numba; import numba; "
        "assert numba.config.NUMBA_NUM_THREADS >= 8"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    env.pop("NUMBA_NUM_THREADS", None)
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
