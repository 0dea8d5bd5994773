"""A site's MPI, put into the image as Apptainer and Shifter do it, takes the place of its own."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from injection_ways import MODULE, PROGRAM, by_apptainer, by_shifter
from mpi_libraries import NEEDS, NEWER, in_image, module, said, unpacked, unpacked_intel
from own_venv import SIF

from hpcpy.engine.setup import ensure
from hpcpy.engine.traced import traced
from measure.targets import PYTHON
from running import run, start
from tiers import sampled
from workloads.startup import calls

pytestmark = NEEDS
Way = Callable[..., list[str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder as a site has it: another MPICH, and what it needs below dep/."""
    return module(unpacked(tmp_path_factory.mktemp("mpi")), tmp_path_factory.mktemp("module"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o1777)
    return tmp_path


def skip_without(way: Way) -> None:
    if way is by_shifter and os.geteuid() != 0:
        pytest.skip("mounting an image as Shifter does needs root")


@pytest.mark.parametrize("way", [by_apptainer, by_shifter])
def test_the_sites_library_runs(way: Way, library: Path, folder: Path) -> None:
    skip_without(way)
    ranks = ("mpiexec", "-n", "3", "python3", "-c", PROGRAM)
    expected = [f"{rank} 3 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(3)]
    assert sorted(said(run(*way(library, folder, *ranks)))) == expected


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


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
# How a program ends that gets a signal after MPI_Init, and what its own handler,
# set before, is told; of each signal.
ENDS = f"""
import subprocess, sys
START = "import os, signal; from mpi4py import MPI; "
HANDLER = "import signal; signal.signal({{0}}, lambda *_: print('handler', flush=True)); "
SEND = "os.kill(os.getpid(), {{0}}); "
for number in {[int(number) for number in SIGNALS]}:
    for program in (START + SEND, HANDLER + START + SEND * 2):
        done = subprocess.run(
            [sys.executable, "-c", program.format(number)], capture_output=True, text=True
        )
        print(number, done.returncode, *done.stdout.split())
"""
LIBRARIES: dict[str, dict[str, Any]] = {
    "Open MPI": {"LD_LIBRARY_PATH": "/mpi/openmpi/lib"},
    "MPICH": {"LD_LIBRARY_PATH": "/mpi/mpich/lib"},
    "MPI 5": {"LD_LIBRARY_PATH": "/mpi/abi/lib"},
    "Intel MPI": {"LD_LIBRARY_PATH": "/mpi/intel/lib", "HPCPY_MPI": "mpich"},
    "Intel MPI, MPI 5": {"LD_LIBRARY_PATH": "/mpi/intel/lib", "HPCPY_MPI": "abi"},
}


@pytest.mark.parametrize("library", sampled(LIBRARIES))
def test_the_first_signal_ends_a_program_and_its_handler_is_kept(mpi: Path, library: str) -> None:
    if "intel" in str(LIBRARIES[library]):
        unpacked_intel(mpi)
    done = in_image(mpi, "python3", "-c", ENDS, **LIBRARIES[library])
    expected = []
    for number in map(int, SIGNALS):
        expected += [f"{number} {-number}", f"{number} 0 handler handler"]
    assert said(done) == expected


@pytest.mark.long
@pytest.mark.parametrize(("options", "number"), [((), signal.SIGTERM), (("--pid",), signal.SIGINT)])
def test_apptainer_ends_as_the_program_does(
    options: tuple[str, ...], number: signal.Signals
) -> None:
    program = (
        "from mpi4py import MPI; import sys; print('ready', flush=True); sys.stdin.read(); "
        "print('went on')"
    )
    apptainer = ensure("apptainer")["apptainer"].path
    line: list[str | Path] = [apptainer, "exec", "--cleanenv", "--contain", "--no-home", "--pwd=/"]
    words = (*line, *options, SIF, "python3", "-c", program)
    with start(*words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # Apptainer 1.4.5 may lose what comes in its first quarter of a second.
        time.sleep(1)
        process.send_signal(number)
        # Without a second one, and with its stdin open.
        deadline = threading.Timer(120, process.kill)
        deadline.start()
        said_then = process.stdout.read()
        deadline.cancel()
        assert said_then == ""
        assert process.wait(120) in (-number, 128 + number)
