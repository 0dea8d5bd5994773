"""An error from deep inside MPI is raised, and not the end of the process."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from mpi_libraries import SIF, in_image

pytestmark = [
    pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc; run: apt install gcc"),
]
# MPICH 4.0's MPIR_Err_print_stack_string once a string is full just behind a
# place's dots.  Which errors are that long is chance: those of a rank whose
# peers were killed in the middle of a collective call.
FULL = r"""
#include <stdio.h>
#include <string.h>
int MPI_Error_string(int code, char *string, int *length)
{
    int left = 512;
    memset(string, '.', 512);
    for (int place = 0; place < 20; place++) {
        char *end = string + 512;
        int behind = (int)strlen(end);
        left = (place ? left : 0) - behind;
        snprintf(end + behind, (size_t)left, "MPIR_Allgather_impl(%d)", code);
    }
    string[511] = '\0';
    *length = (int)strlen(string);
    return 0;
}
"""
RAISE = """
from mpi4py import MPI
try:
    MPI.COMM_WORLD.Split_type(1234567)
except MPI.Exception as error:
    print(len(str(error)), set(str(error)))
"""


def test_an_error_that_fills_its_string_is_raised(tmp_path: Path) -> None:
    (tmp_path / "full.c").write_text(FULL)
    command = ["gcc", "-O1", "-shared", "-fPIC", "-o", "full.so", "full.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    tmp_path.chmod(0o755)
    done = in_image(tmp_path, "python3", "-c", RAISE, LD_PRELOAD="/mpi/full.so")
    assert (done.returncode, done.stdout, done.stderr) == (0, "511 {'.'}\n", "")
