"""A site's MPI, put into the image as Apptainer and Shifter do it, takes the place of its own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from injection_ways import MODULE, PROGRAM, by_apptainer, by_shifter
from mpi_libraries import NEEDS, NEWER, module, said, unpacked

from hpcpy.engine.traced import traced
from measure.targets import PYTHON
from running import run
from workloads.startup import calls

pytestmark = NEEDS
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


@pytest.mark.parametrize("way", [by_apptainer, by_shifter])
def test_the_sites_library_runs(way: Way, library: Path, folder: Path) -> None:
    skip_without(way)
    start = ("mpiexec", "-n", "3", "python3", "-c", PROGRAM)
    expected = [f"{rank} 3 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(3)]
    assert sorted(said(run(*way(library, folder, *start)))) == expected


# MPI_Init and MPI_Finalize by the library itself.
ALONE = "import ctypes; mpi = ctypes.CDLL('libmpi.so.12'); mpi.MPI_Init(0, 0); mpi.MPI_Finalize()"


@pytest.mark.long
@pytest.mark.usefixtures("strace")
def test_its_start_asks_no_more_than_the_library_does_alone(library: Path, folder: Path) -> None:
    alone, injected = (
        traced(by_apptainer(library, folder, "python3", "-c", code), PYTHON)
        for code in (ALONE, "from mpi4py import MPI")
    )
    # Measured: one more, to see that the library is there; and UCX makes 1,500 calls, of
    # which a few are made again by chance.
    assert len(calls.off_node(injected.paths)) <= len(calls.off_node(alone.paths)) + 1
    assert len(injected.paths) <= len(alone.paths) + 10
