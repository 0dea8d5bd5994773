"""A talk's notebook, executed as Jupyter does it in an image with JupyterLab baked."""

import shutil
from pathlib import Path

import pytest

from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import host_arch, wheels
from locked_packages import wheels_for
from running import run

pytestmark = pytest.mark.long
EXECUTE = """
import nbformat
from nbclient import NotebookClient
book = nbformat.read("talk.ipynb", as_version=4)
nbformat.validate(book)
NotebookClient(book, timeout=600).execute()
for cell in book.cells:
    print(*(output.get("text", "") for output in cell.get("outputs", ())))
"""


def test_a_notebook_runs_from_its_first_cell_to_its_last(
    sif: str, program: Path, tmp_path: Path
) -> None:
    folder, root, home = (tmp_path / name for name in ("wheels", "baked", "home"))
    folder.mkdir()
    home.mkdir()
    there = {(wheel.name, wheel.version) for wheel in wheels("image", host_arch())}
    wanted = [one for one in wheels_for(["jupyterlab"]) if (one.name, one.version) not in there]
    for path in fetch(wanted).values():
        shutil.copy(path, folder)
    run(program, "build", "--sandbox", root, sif, check=True)
    bake = ("python3", "-m", "hpcpy_bake", "--no-index", "--find-links=/mnt", "jupyterlab")
    run(program, "exec", "--writable", f"--bind={folder}:/mnt", root, *bake, check=True)
    options = ("--contain", "--cleanenv", f"--home={home}:/work", "--pwd=/work")
    python = (program, "exec", *options, root, "python3")
    run(*python, "-m", "workloads", "talk", "nih", "5", "--notebook", "talk.ipynb", check=True)
    done = run(*python, "-c", EXECUTE)
    assert done.returncode == 0, done.stderr[-2000:]
    # Three techniques are timed in the notebook, and by two commands.
    assert done.stdout.count("per loop") == 3
    assert done.stdout.count("matches the reference") >= 6
