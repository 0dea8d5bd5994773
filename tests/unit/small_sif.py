"""A SIF of a few bytes, made by Apptainer itself."""

import subprocess
from pathlib import Path

import pytest

from hpcpy.engine import prefix
from hpcpy_common.errors import UnavailableError


def needed_program() -> Path:
    """Return the path of Apptainer; skip the test without one."""
    try:
        return prefix.find_apptainer()
    except UnavailableError as error:
        pytest.skip(str(error))


def make_sif(program: Path, folder: Path, name: str) -> Path:
    """Make a SIF with a definition file and labels in it."""
    sif = folder / name
    (folder / "text").write_text('{"a": 1}\n')
    subprocess.run([program, "sif", "new", sif], check=True, capture_output=True)
    for kind in ("1", "3"):
        command = [program, "sif", "add", "--datatype", kind, "--groupid", "1"]
        subprocess.run([*map(str, command), sif, folder / "text"], check=True, capture_output=True)
    return sif
