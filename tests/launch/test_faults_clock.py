"""The clock is decades off, by libfaketime: as on a node whose battery is empty.

Apptainer itself has the right time: it is linked statically.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.engine.prefix import find_apptainer
from running import run

PAST, FUTURE = "@1975-06-01 00:00:00", "@2106-03-01 00:00:00"
# numba compiles and caches, a pool waits, HDF5 and NumPy write dates.
PROGRAM = """
import datetime, sys
import numba
@numba.njit(cache=True)
def double(x):
    return 2 * x
print(datetime.datetime.now().year, double(2))
"""
RUNS = {
    "numba": ["python3", "/mnt/program.py"],
    "write": ["python3", "-m", "workloads", "write", "--impl", "npy,hdf5,multiprocessing"],
    "MPI": ["mpiexec", "-n", "2", "python3", "-m", "workloads", "pi", "--impl", "mpi"],
}


@pytest.fixture(scope="module")
def library() -> str:
    """Give libfaketime's path, which the image sees as another one."""
    if not shutil.which("faketime"):
        pytest.skip("no faketime; on Debian: apt-get install faketime")
    maps = "import re; print(re.search(r'/.*libfaketime.*', open('/proc/self/maps').read())[0])"
    command = ["faketime", "-f", PAST, sys.executable, "-c", maps]
    return run(*command, check=True).stdout.strip()


def in_image(
    sif: str, folder: Path, *words: str, options: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    return run(
        str(find_apptainer()),
        "exec",
        "--no-home",
        f"--bind={folder}:/mnt",
        *options,
        sif,
        *words,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize("clock", [PAST, FUTURE])
@pytest.mark.parametrize("run", RUNS)
def test_programs_in_the_image_are_right(
    sif: str, library: str, tmp_path: Path, run: str, clock: str
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    variables = {"LD_PRELOAD": "/faketime.so", "FAKETIME": clock, "NUMBA_CACHE_DIR": "/mnt/cache"}
    done = in_image(
        sif,
        tmp_path,
        *RUNS[run],
        options=(f"--bind={library}:/faketime.so",),
        **{f"APPTAINERENV_{name}": value for name, value in variables.items()},
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = f"{clock[1:5]} 4\n" if run == "numba" else "matches the "
    assert expected in done.stdout
