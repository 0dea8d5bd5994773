"""The first signal ends a user's program, whichever MPI library is put in."""

import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from mpi_libraries import NEEDS, in_image, said, unpacked_intel
from own_venv import SIF

from hpcpy.engine.setup import ensure
from running import start
from tiers import sampled

pytestmark = NEEDS
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
