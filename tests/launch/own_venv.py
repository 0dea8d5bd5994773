"""A virtual environment on the image, with what `env/python-own.in` names."""

import os
import shutil
import subprocess
from pathlib import Path

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import host_arch, wheels
from running import run

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()


def in_image(
    folder: Path, *command: str | Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the image, with a folder as /own and a few variables."""
    options = ("--cleanenv", "--contain", "--no-home", "--pwd=/", f"--bind={folder}:/own")
    environment = [f"--env={name}={value}" for name, value in variables.items()]
    return run(find_apptainer(), "exec", *options, *environment, SIF, *command)


def make(folder: Path) -> None:
    """Make /own/venv, offline."""
    arch = host_arch()
    in_the_image = {wheel.name for wheel in wheels("image", arch)}
    wanted = [wheel for wheel in wheels("own", arch) if wheel.name not in in_the_image]
    made = in_image(folder, "python3", "-m", "venv", "--system-site-packages", "/own/venv")
    assert (made.returncode, made.stderr) == (0, "")
    files = [shutil.copy(path, folder) for path in fetch(wanted).values()]
    install = ("/own/venv/bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    made = in_image(folder, *install, *(f"/own/{Path(file).name}" for file in files))
    assert made.returncode == 0, made.stderr
