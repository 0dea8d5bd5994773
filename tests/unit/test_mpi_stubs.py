"""Which names of MPI become jump stubs, and what a stub does with and without a library."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpcpy.paths import ROOT

INTERP = ROOT / "src/interp"
sys.path.insert(0, str(INTERP))

from stubs.__main__ import (  # noqa: E402
    data_sizes,
    functions,
    handles,
    listing,
    renames,
    undefined,
)

needs_gcc = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "nm", "objcopy")), reason="no gcc or binutils"
)

# Stands for mpi.c, whose loading needs Python and a library; the jump stubs are real.
PROGRAM = r"""
#include "mpi_interfaces.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern HpcpyMpiFunction hpcpy_mpich_functions[], hpcpy_openmpi_functions[], hpcpy_abi_functions[];
extern HpcpyMpiHandle hpcpy_openmpi_handles[], hpcpy_abi_handles[];
extern const HpcpyMpiData hpcpy_mpich_data[];
extern void *hpcpy_mpi_slot_MPI_Sum;
extern char MPI_EMPTY[8];
long MPI_Sum(long, long, long, long, long, long, long, double), other_sum(void);
int MPI_Initialized(int *), MPI_Other(void);
int hpcpy_mpi_answer_no(int *flag) { *flag = 0; return 0; }
void hpcpy_mpi_no_library(const char *name) { printf("no %s\n", name); fflush(stdout); exit(3); }
static long sum(long a, long b, long c, long d, long e, long f, long g, double x)
{ return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + (long)x; }
static long seven(void) { return 7; }
static void set(HpcpyMpiFunction *function, void *target)
{
    for (; function->name; function++) {
        if (!strcmp(function->name, "MPI_Sum")) function->target = target;
    }
}
int main(void)
{
    int flag = 5;
    if (MPI_Initialized(&flag) != 0 || flag != 0) return 1;
    set(hpcpy_mpich_functions, sum);
    set(hpcpy_openmpi_functions, seven);
    if (hpcpy_mpi_slot_MPI_Sum != sum || MPI_Sum(1, 2, 3, 4, 5, 6, 7, 0.5 + 1000) != 1140) return 2;
    const HpcpyMpiData *data = hpcpy_mpich_data;
    if (strcmp(data[0].name, "MPI_EMPTY") || data[0].place != MPI_EMPTY || data[0].size != 8
        || data[1].name) return 4;
    if (strcmp(hpcpy_openmpi_handles[0].name, "ompi_world") || hpcpy_openmpi_handles[1].name
        || hpcpy_abi_handles[0].name || hpcpy_abi_functions[0].name) return 5;
    hpcpy_openmpi_handles[0].address = &flag;
    if (other_sum() != 12 || flag != 5) return 6;
    return MPI_Other();
}
"""
# A module for another interface: it writes 5 through a handle, and adds 5 to the 7 of a function
# that it tests.
OTHER = r"""
long MPI_Sum(void);
extern void *hpcpy_mpi_slot_MPI_Sum, *hpcpy_mpi_handle_ompi_world;
long other_sum(void)
{ *(int *)hpcpy_mpi_handle_ompi_world = 5; return hpcpy_mpi_slot_MPI_Sum ? MPI_Sum() + 5 : 0; }
"""
LIBRARY = 'char MPI_EMPTY[8] = "data"; int MPI_Other(void) { return 0; }\n'


def symbols(undefined: Sequence[str] = (), defined: Sequence[str] = ()) -> list[str]:
    return [f"{name} U         " for name in undefined] + [f"{name} T 0 5" for name in defined]


def test_only_mpis_names_that_nobody_defines_are_wanted() -> None:
    names = ["MPI_Send", "MPIX_Comm_revoke", "PMPI_Recv", "malloc", "MPI_Own", "XMPI_Y"]
    lines = symbols([*names, "OMPI_C_MPI_COMM_NULL_COPY_FN"], ["MPI_Own", "MPI_Unused"])
    assert functions(undefined([*lines, "MPI_Weak w"])) == [
        "MPIX_Comm_revoke",
        "MPI_Send",
        "MPI_Weak",
        "OMPI_C_MPI_COMM_NULL_COPY_FN",
        "PMPI_Recv",
    ]


def test_a_name_that_two_objects_want_is_listed_once() -> None:
    assert functions(undefined(symbols(["MPI_Send"]) * 2)) == ["MPI_Send"]


def test_a_test_of_a_function_that_none_calls_is_refused() -> None:
    with pytest.raises(ValueError, match="tested but never called: MPI_Typo"):
        functions(["MPI_Send", "hpcpy_mpi_slot_MPI_Send", "hpcpy_mpi_slot_MPI_Typo"])


def test_functions_questions_data_and_handles_are_told_apart() -> None:
    sizes = data_sizes(["MPI_Send W 0001 0a", "MPI_UNWEIGHTED D 0002 0008", "MPI_X B 0003"])
    addresses = handles(["MPI_Send", "hpcpy_mpi_handle_ompi_x"])
    text = listing(["MPI_Initialized", "MPI_Send", "MPI_UNWEIGHTED"], sizes, addresses)
    assert text.splitlines()[1:] == [
        "QUESTION(MPI_Initialized)",
        "FUNCTION(MPI_Send)",
        "DATA(MPI_UNWEIGHTED, 8)",
        "HANDLE(ompi_x)",
    ]


def test_a_function_and_its_slot_get_the_prefix() -> None:
    assert renames(["MPI_Send"], "abi_").splitlines() == [
        "MPI_Send abi_MPI_Send",
        "hpcpy_mpi_slot_MPI_Send hpcpy_mpi_slot_abi_MPI_Send",
    ]


@needs_gcc
def test_calls_go_where_the_slots_say(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={"PYTHONPATH": str(INTERP), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def gcc(*arguments: str) -> None:
        run("gcc", "-fno-pie", "-O1", "-I.", *arguments)

    # The header needs one type of Python's.
    (tmp_path / "Python.h").write_text("#include <stddef.h>\ntypedef void PyObject;\n")
    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "other.c").write_text(OTHER)
    (tmp_path / "library.c").write_text(LIBRARY)
    gcc("-c", f"-I{INTERP}", "program.c", "other.c")
    gcc("-shared", "-fPIC", "-o", "library.so", "library.c")
    stubs = (sys.executable, "-m", "stubs")
    listed = run(*stubs, "--library", "library.so", "program.o")
    (tmp_path / "mpich_names.h").write_text(listed)
    listed = run(*stubs, "--prefix", "openmpi_", "--renames", "renames.txt", "other.o")
    (tmp_path / "openmpi_names.h").write_text(listed)
    (tmp_path / "abi_names.h").write_text("")
    run("objcopy", "--redefine-syms=renames.txt", "other.o")
    gcc("-c", str(INTERP / "mpi_stubs.S"))
    gcc("-no-pie", "-o", "program", "program.o", "other.o", "mpi_stubs.o")
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "no MPI_Other\n")
