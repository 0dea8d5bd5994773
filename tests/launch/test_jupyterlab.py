"""JupyterLab in a browser: a cell that a user types runs in the image.

In `make test`: `tests/launch/test_kernelspec.py`, the same kernel without a page.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from jupyter_lab import run_cell, served
from local_cluster import only_root

from hpcpy import paths
from hpcpy.engine import apptainer
from hpcpy.engine.venv import ensure_venv
from hpcpy.fetch.many import fetch
from hpcpy.packages.pins import wheels_for

pytestmark = pytest.mark.long
CELL = 'import os, sys, numpy; print(os.environ["APPTAINER_NAME"], *sys.version_info[:2])'


def test_a_cell_of_a_jupyterlab_outside_runs_in_the_image(
    tmp_path: Path, sif: str, screen: Browser
) -> None:
    kernels = tmp_path / "share/kernels"
    written = subprocess.run(
        [sys.executable, "-m", "hpcpy", "kernelspec", f"--image={sif}", f"--to={kernels}"],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    python = str(ensure_venv("jupyter") / "bin/python")
    with served([python, "-m", "jupyterlab"], tmp_path) as address:
        said = run_cell(screen, address, "Python (hpcpy)", CELL)
    assert said == f"{Path(sif).name} 3 14\n"


@pytest.fixture
def baked(tmp_path: Path, sif: str) -> Iterator[Path]:
    """Give the image as a folder, with JupyterLab baked."""
    wheels, image = tmp_path / "wheels", tmp_path / "mine"
    wheels.mkdir()
    for path in fetch(wheels_for(["jupyterlab"])).values():
        shutil.copy(path, wheels)
    bake = ("python3", "-m", "hpcpy_bake", "--wheelhouse", "/mnt", "jupyterlab")
    for words in (
        ("build", "--sandbox", image, sif),
        ("exec", "--writable", "--no-home", "--pwd=/", f"--bind={wheels}:/mnt", image, *bake),
    ):
        done = subprocess.run(
            [apptainer.find(), *words], capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
    yield image
    # 1.5 GB, of which pytest would keep the last three.
    shutil.rmtree(image)


@only_root
def test_a_cell_of_a_jupyterlab_in_the_image_runs_there(
    tmp_path: Path, baked: Path, screen: Browser
) -> None:
    start = [str(apptainer.find()), "exec", str(baked), "python", "-m", "jupyterlab"]
    with served(start, tmp_path) as address:
        assert run_cell(screen, address, "Python 3 (ipykernel)", CELL) == "mine 3 14\n"
