"""A virtual environment on the image, with what `env/python-own.in` names."""

import os
import shutil
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import host_arch, wheels
from running import Done, run

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
needs_image = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


def in_image(
    folder: Path,
    *command: str | Path,
    at: str = "/own",
    options: tuple[str, ...] = (),
    **variables: str,
) -> Done:
    """Run a command in the image, with a folder that it sees as `at`, and a few variables.

    They are the process's alone, as a site's profile or a user sets LD_LIBRARY_PATH.
    """
    given = ("--cleanenv", "--contain", "--no-home", "--pwd=/", *options, f"--bind={folder}:{at}")
    own = ("env", *(f"{name}={value}" for name, value in variables.items()))
    return run(ensure("apptainer")["apptainer"].path, "exec", *given, SIF, *own, *command)


def make(folder: Path) -> None:
    arch = host_arch()
    in_the_image = {wheel.name for wheel in wheels("image", arch)}
    wanted = [wheel for wheel in wheels("own", arch) if wheel.name not in in_the_image]
    made = in_image(folder, "python3", "-m", "venv", "--system-site-packages", "/own/venv")
    assert (made.returncode, made.stderr) == (0, "")
    files = [shutil.copy(path, folder) for path in fetch(wanted).values()]
    install = ("/own/venv/bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    made = in_image(folder, *install, *(f"/own/{Path(file).name}" for file in files))
    assert made.returncode == 0, made.stderr
