"""JupyterLab in a browser: a cell that a user types runs in the image."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from jupyter_lab import run_cell, served

from hpcpy import paths
from hpcpy.engine.venv import ensure_venv
from hpcpy.errors import HpcpyError

pytestmark = pytest.mark.long
CELL = 'import os, sys, numpy; print(os.environ["APPTAINER_NAME"], *sys.version_info[:2])'


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Browser]:
    try:
        with browser(tmp_path) as one:
            yield one
    except HpcpyError as error:
        pytest.skip(f"no browser: {error}; type: make setup TOOLS=browser")


def test_a_cell_of_a_jupyterlab_outside_runs_in_the_image(
    tmp_path: Path, sif: str, screen: Browser
) -> None:
    kernels = tmp_path / "share/kernels"
    written = subprocess.run(
        [sys.executable, "-m", "hpcpy", "kernelspec", f"IMAGE={sif}", f"TO={kernels}"],
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
