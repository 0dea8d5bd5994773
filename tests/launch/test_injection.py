"""A site's MPI, put into the image as Apptainer and Shifter do it, takes the place of its own."""

import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest
from injection_ways import MODULE, PROGRAM, SIF, by_apptainer, by_shifter
from mpi_libraries import NEWER, module, unpacked

from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.engine.traced import traced
from measure.targets import PYTHON
from running import run

pytestmark = [
    pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the pinned wheels are for x86-64"),
]
Way = Callable[..., list[str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder as a site has it: another MPICH, and what it needs below dep/."""
    return module(unpacked(tmp_path_factory.mktemp("mpi")), tmp_path_factory.mktemp("module"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that is /tmp inside."""
    tmp_path.chmod(0o1777)
    return tmp_path


def skip_without(way: Way) -> None:
    if way is by_shifter and os.geteuid() != 0:
        pytest.skip("mounting an image as Shifter does needs root")


def output(command: list[str]) -> list[str]:
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


@pytest.mark.parametrize("way", [by_apptainer, by_shifter])
def test_the_sites_library_runs(way: Way, library: Path, folder: Path) -> None:
    skip_without(way)
    start = ("mpiexec", "-n", "3", "python3", "-c", PROGRAM)
    expected = [f"{rank} 3 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(3)]
    assert output(way(library, folder, *start)) == expected


# MPI_Init and MPI_Finalize by the library itself.
ALONE = "import ctypes; mpi = ctypes.CDLL('libmpi.so.12'); mpi.MPI_Init(0, 0); mpi.MPI_Finalize()"


@pytest.mark.long
def test_its_start_asks_no_more_than_the_library_does_alone(library: Path, folder: Path) -> None:
    if not look_up(needed(["measure"])):
        pytest.skip("no strace here; run: make setup TOOLS=measure")
    alone, injected = (
        traced(by_apptainer(library, folder, "python3", "-c", code), PYTHON)
        for code in (ALONE, "from mpi4py import MPI")
    )
    # Measured: one more, to see that the library is there; and UCX makes 1,500 calls, of
    # which a few are made again by chance.
    assert len(injected.off_node) <= len(alone.off_node) + 1
    assert len(injected.paths) <= len(alone.paths) + 10


def test_python_without_mpi_does_not_load_it(library: Path, folder: Path) -> None:
    program = "import numpy, h5py; print('libmpi' in open('/proc/self/maps').read())"
    assert output(by_apptainer(library, folder, "python3", "-c", program)) == ["False"]


@pytest.mark.long
def test_a_user_unknown_to_the_image_and_no_home_are_no_trouble(
    library: Path, folder: Path
) -> None:
    skip_without(by_shifter)
    program = "import getpass, os; print(getpass.getuser(), os.access(os.path.expanduser('~'), 0))"
    assert output(by_shifter(library, folder, "python3", "-c", program)) == ["someone False"]
