"""Plain numpy and h5py, outside of the image, read what it has written."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find
from hpcpy.engine.venv import ensure_venv
from hpcpy.lock.host import versions
from in_image import image_command
from workloads.write.registry import TECHNIQUES

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
READER = Path(__file__).with_name("reads_outside.py")
# The definition's, of all doubles one after the other.
SMALL = (15, 100, "fe9b93ef9cbf19f4895f2bc753cd21d7be111981c29b48e68bba9593ced44a3c")
LARGE = (100, 500, "5470347d35ae13e631c31150e62c89f8d8b88b1e667dfbdf59eaa669fbfd2db7")

pytestmark = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that is /tmp in the image; gone at once, for it may have 200 MB."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-write.") as name:
        Path(name).chmod(0o1777)
        yield Path(name)


def written(folder: Path, n: int, s: int, techniques: str) -> Path:
    """Have the image write: on two ranks, as nobody, offline."""
    options = ("-n", str(n), "-s", str(s), "--impl", techniques, "--out", "/tmp/arrays")  # noqa: S108
    command = ("mpiexec", "-n", "2", "python3", "-m", "workloads", "write", "--no-verify")
    done = subprocess.run(
        [*image_command(find(), SIF, folder), *command, *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "arrays"


def read(folder: Path, side: int) -> dict[str, Any]:
    """Have a Python that knows nothing of the image read it."""
    done = subprocess.run(
        [ensure_venv("outside") / "bin" / "python", "-I", READER, folder, str(side)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_every_techniques_files_have_the_stated_bytes_outside(folder: Path) -> None:
    n, s, digest = SMALL
    said = read(written(folder, n, s, ",".join(TECHNIQUES)), s)
    assert said["found"] == {name: [[n, s, s], digest] for name in TECHNIQUES}
    # By their authors' builds, which have no MPI.
    assert said["mpi"] is False
    pinned = versions((paths.ENV / "outside.lock").read_text())
    for name, (version, file) in said["packages"].items():
        assert version in pinned[name].split(", ")
        assert Path(file).is_relative_to(ensure_venv("outside"))


@pytest.mark.long
def test_one_large_file_of_all_ranks_has_the_stated_bytes_outside(folder: Path) -> None:
    n, s, digest = LARGE
    said = read(written(folder, n, s, "hdf5-parallel"), s)
    assert said["found"] == {"hdf5-parallel": [[n, s, s], digest]}
