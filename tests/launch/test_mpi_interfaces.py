"""Which MPI library of three ABIs a process takes, in the image and by the host's mpiexec."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from mpi_libraries import NEEDS, NEWER, OPENMPI, OWN, WORK, in_image, said
from own_venv import SIF

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from running import run
from tiers import sampled

pytestmark = NEEDS

# Who it says it is, the size of its handles, and the file that is mapped.
WHO = """
from mpi4py import MPI
name, version = MPI.get_vendor()
files = {x.split()[-1].removesuffix('.2.2') for x in open('/proc/self/maps') if '/libmpi' in x}
assert MPI.Get_library_version().startswith(name), MPI.Get_library_version()
print(name, *version, sep='.', end=f' {MPI._sizeof(MPI.COMM_WORLD)} ')
print(*sorted(files), MPI.COMM_WORLD.allreduce(3))
"""
OPEN = f"Open MPI.{OPENMPI.version} 8 /mpi/openmpi/lib/libmpi.so.40 3"
NEW = f"MPICH.{NEWER.version} 4 /mpi/mpich/lib/libmpi.so.12 3"
STANDARD = f"MPICH.{NEWER.version} 8 /mpi/abi/lib/libmpi_abi.so.1 3"
OURS = f"MPICH.{OWN.version} 4 /opt/mpich/lib/libmpi.so.12 3"
EVERY = "/none:/mpi/abi/lib:/mpi/openmpi/lib:/mpi/mpich/lib"
# Open MPI's component for one-sided communication says so where there is no UCX device.
LAUNCHERS = [
    (
        "/mpi/openmpi/bin/mpirun --allow-run-as-root --oversubscribe -n",
        {"LD_LIBRARY_PATH": "/mpi/openmpi/lib", "OMPI_MCA_osc": "^ucx"},
    ),
    ("/mpi/mpich/bin/mpiexec -n", {"LD_LIBRARY_PATH": "/mpi/abi/lib"}),
    ("/mpi/mpich/bin/mpiexec -n", {"LD_LIBRARY_PATH": "/mpi/mpich/lib"}),
    ("/opt/mpich/bin/mpiexec -n", {}),
]
HDF5 = """
import sys, h5py
from mpi4py import MPI
with h5py.File('/tmp/serial.h5', 'w') as file:
    file['x'] = range(9)
with h5py.File('/tmp/serial.h5') as file:
    print(sum(file['x']))
h5py.File('/tmp/parallel.h5', 'w', driver='mpio', comm=MPI.COMM_WORLD)
"""


@pytest.mark.parametrize(
    ("path", "asked", "who"),
    [
        ("", "", OURS),
        ("/mpi/openmpi/lib", "", OPEN),
        ("/mpi/abi/lib", "", STANDARD),
        # The first folder that has any.
        ("/mpi/mpich/lib:/mpi/openmpi/lib", "", NEW),
        (EVERY, "openmpi", OPEN),
        ("/mpi/openmpi/lib", "mpich", OURS),
        ("", "/mpi/abi/lib/libmpi_abi.so.1", STANDARD),
    ],
)
def test_which_library_and_module_a_process_takes(
    mpi: Path, path: str, asked: str, who: str
) -> None:
    done = in_image(mpi, "python3", "-c", WHO, LD_LIBRARY_PATH=path, HPCPY_MPI=asked)
    assert said(done) == [who]


# The image's own comes first in it, and its libfabric is too old for the newer MPICH.
@pytest.mark.parametrize(("folder", "who"), [("/mpi/openmpi/lib", OPEN), ("/mpi/mpich/lib", NEW)])
def test_one_that_the_loaders_cache_has_goes_before_the_images_own(
    mpi: Path, folder: str, who: str
) -> None:
    hook = f"echo {folder} >/etc/ld.so.conf.d/site.conf && /sbin/ldconfig && exec python3 -c"
    options = ("--writable-tmpfs",)
    done = in_image(mpi, "sh", "-c", f'{hook} "$0"', WHO, options=options, LD_LIBRARY_PATH="")
    assert said(done) == [who]


def test_a_variable_that_only_the_loader_can_read_is_left_to_it(mpi: Path) -> None:
    # The image's own is opened to see what it is; closing it broke the next getenv.
    path = "/none/$LIB:/mpi/openmpi/lib"
    (line,) = said(in_image(mpi, "python3", "-c", WHO, LD_LIBRARY_PATH=path))
    assert line.startswith(f"Open MPI.{OPENMPI.version} 8 /mpi/openmpi/lib/libmpi.so.40 ")


OPENMPIS, NEWERS = "/mpi/openmpi/lib/libmpi.so.40", "/mpi/mpich/lib/libmpi.so.12"
STANDARDS, OWNS = "/mpi/abi/lib/libmpi_abi.so.1", "/opt/mpich/lib/libmpi.so.12"


# What is preloaded, what is asked for, and who answers: nobody where these are two libraries.
@pytest.mark.parametrize(
    ("preloaded", "asked", "who"),
    [
        (OPENMPIS, "", OPEN),
        (OPENMPIS, OPENMPIS, OPEN),
        (OPENMPIS, "mpich", ""),
        (OPENMPIS, STANDARDS, ""),
        (NEWERS, "", NEW),
        (NEWERS, OWNS, ""),
        (STANDARDS, "", STANDARD),
    ],
)
def test_a_preloaded_library_is_the_one_or_none_is(
    mpi: Path, preloaded: str, asked: str, who: str
) -> None:
    done = in_image(mpi, "python3", "-c", WHO, LD_PRELOAD=preloaded, HPCPY_MPI=asked)
    if who:
        assert said(done) == [who]
        return
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: mpi4py.MPI: ")
    assert asked in last


@pytest.mark.parametrize(("launcher", "variables"), sampled(LAUNCHERS, keep=2))
def test_ranks_work_together(mpi: Path, launcher: str, variables: dict[str, Any]) -> None:
    command = (*launcher.split(), "3", "python3", "-c", WORK)
    name = "Open MPI" if "openmpi" in launcher else "MPICH"
    assert said(in_image(mpi, *command, **variables)) == [f"3 {name}"] * 3


@pytest.mark.parametrize("path", sampled(["/mpi/openmpi/lib", "/mpi/abi/lib"]))
def test_hdf5_of_mpichs_interface_refuses_another_one(mpi: Path, path: str) -> None:
    done = in_image(mpi, "python3", "-c", HDF5, LD_LIBRARY_PATH=path)
    assert (done.returncode, done.stdout) == (1, "36\n")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("RuntimeError: the mpio driver needs a library of MPICH's binary")
    assert "HPCPY_MPI=mpich" in last


# One whose ROMIO decodes large counts, one that does not, and another's.
@pytest.mark.parametrize("library", sampled(["mpich", "older", "openmpi"]))
def test_views_of_files_are_right(mpi: Path, library: str) -> None:
    launcher, variables = LAUNCHERS[0 if library == "openmpi" else -1]
    options = (f"--bind={paths.ROOT / 'tests/image'}:/programs:ro",)
    command = (*launcher.split(), "2", "python3", "/programs/views.py", "/mpi")
    given: dict[str, Any] = {**variables, "LD_LIBRARY_PATH": f"/mpi/{library}/lib"}
    done = in_image(mpi, *command, options=options, **given, MPIR_CVAR_CH4_NETMOD="ofi")
    # MPICH before 4.1 counts the program's datatypes at its end.
    counted = re.sub(r"\[WARNING\] yaksa: \d+ leaked handle pool objects\n", "", done.stderr)
    assert (done.returncode, counted, done.stdout.split()[1:]) == (0, "", ["cases"])


# mpiexec on the host, a container a rank: cells of docs/how-to/mpi.md.
HYDRA = "mpich/bin/mpiexec -n 2"
MPIRUN = "openmpi/bin/mpirun --allow-run-as-root --oversubscribe -n 2"


@pytest.mark.parametrize(
    ("launcher", "library", "name"),
    sampled([(MPIRUN, "openmpi", "Open MPI"), (HYDRA, "", "MPICH"), (HYDRA, "abi", "MPICH")]),
)
def test_ranks_in_containers_of_their_own_work_together(
    mpi: Path, tmp_path: Path, launcher: str, library: str, name: str
) -> None:
    program, *options = launcher.split()
    # Open MPI's component for one-sided communication says so where there is no UCX device.
    variables = ["OMPI_MCA_osc=^ucx"]
    if library:
        variables.append(f"LD_LIBRARY_PATH=/mpi/{library}/lib")
    binds = [f"--bind={mpi}:/mpi", f"--bind={tmp_path}:/mnt"]
    engine: list[str | Path] = [ensure("apptainer")["apptainer"].path, "exec", *binds, SIF]
    command = [mpi / program, *options, *engine, "env", *variables, "python3", "-c", WORK]
    # As after a login on the host.
    done = run(*command, "/mnt/ring", env={"PATH": os.defpath, "HOME": str(tmp_path)})
    assert said(done) == [f"2 {name}"] * 2


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


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc; run: apt install gcc")
def test_an_error_that_fills_its_string_is_raised(tmp_path: Path) -> None:
    (tmp_path / "full.c").write_text(FULL)
    options = ("-O1", "-shared", "-fPIC", "-o", "full.so", "full.c")
    run("gcc", *options, cwd=tmp_path, check=True)
    tmp_path.chmod(0o755)
    done = in_image(tmp_path, "python3", "-c", RAISE, LD_PRELOAD="/mpi/full.so")
    assert said(done) == ["511 {'.'}"]
