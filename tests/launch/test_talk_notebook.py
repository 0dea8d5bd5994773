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


@pytest.fixture(scope="module")
def baked(sif: str, program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the image as a folder, with JupyterLab baked."""
    folder = tmp_path_factory.mktemp("wheels")
    root = tmp_path_factory.mktemp("image") / "baked"
    there = {(wheel.name, wheel.version) for wheel in wheels("image", host_arch())}
    wanted = [one for one in wheels_for(["jupyterlab"]) if (one.name, one.version) not in there]
    for path in fetch(wanted).values():
        shutil.copy(path, folder)
    run(program, "build", "--sandbox", root, sif, check=True)
    bake = ("python3", "-m", "hpcpy_bake", "--no-index", "--find-links=/mnt", "jupyterlab")
    run(program, "exec", "--writable", f"--bind={folder}:/mnt", root, *bake, check=True)
    return root


@pytest.fixture
def python(baked: Path, program: Path, tmp_path: Path) -> tuple[str | Path, ...]:
    """Give the start of a command of the image's Python, in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()
    options = ("--contain", "--cleanenv", f"--home={home}:/work", "--pwd=/work")
    return (program, "exec", *options, baked, "python3")


def test_a_notebook_runs_from_its_first_cell_to_its_last(python: tuple[str | Path, ...]) -> None:
    run(*python, "-m", "workloads", "talk", "nih", "5", "--notebook", "talk.ipynb", check=True)
    done = run(*python, "-c", EXECUTE)
    assert done.returncode == 0, done.stderr[-2000:]
    # Three techniques are timed in the notebook, and by two commands.
    assert done.stdout.count("per loop") == 3
    assert done.stdout.count("matches the reference") >= 6
