"""What of MPI becomes a jump stub, and what a stub does with and without a library."""

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

from stubs.__main__ import data_sizes, listing, wanted  # noqa: E402

needs_gcc = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "nm")), reason="no gcc or binutils"
)

# In place of mpi.c: the loading is Python's and the library's, the jumps are not.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct { const char *name; void *target; } extern hpcpy_mpi_functions[];
struct { const char *name; void *place; size_t size; } extern hpcpy_mpi_data[];
extern void *hpcpy_mpi_slot_MPI_Sum;
extern char MPI_EMPTY[8];
long MPI_Sum(long, long, long, long, long, long, long, double);
int MPI_Initialized(int *), MPI_Other(void);
int hpcpy_mpi_answer_no(int *flag) { *flag = 0; return 0; }
void hpcpy_mpi_no_library(const char *name) { printf("no %s\n", name); fflush(stdout); exit(3); }
static long sum(long a, long b, long c, long d, long e, long f, long g, double x)
{ return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + (long)x; }
int main(void)
{
    int flag = 5;
    if (MPI_Initialized(&flag) != 0 || flag != 0) return 1;
    for (int i = 0; hpcpy_mpi_functions[i].name; i++) {
        if (!strcmp(hpcpy_mpi_functions[i].name, "MPI_Sum")) hpcpy_mpi_functions[i].target = sum;
    }
    if (hpcpy_mpi_slot_MPI_Sum != sum || MPI_Sum(1, 2, 3, 4, 5, 6, 7, 0.5 + 1000) != 1140) return 2;
    if (strcmp(hpcpy_mpi_data[0].name, "MPI_EMPTY") || hpcpy_mpi_data[0].place != MPI_EMPTY
        || hpcpy_mpi_data[0].size != 8 || hpcpy_mpi_data[1].name) return 4;
    return MPI_Other();
}
"""
LIBRARY = 'char MPI_EMPTY[8] = "data"; int MPI_Other(void) { return 0; }\n'


def symbols(undefined: Sequence[str] = (), defined: Sequence[str] = ()) -> list[str]:
    return [f"{name} U         " for name in undefined] + [f"{name} T 0 5" for name in defined]


def test_only_mpis_names_that_nobody_defines_are_wanted() -> None:
    undefined = ["MPI_Send", "MPIX_Comm_revoke", "PMPI_Recv", "malloc", "MPI_Own", "XMPI_Y"]
    lines = symbols(undefined, ["MPI_Own", "MPI_Unused"])
    assert wanted([*lines, "MPI_Weak w"]) == [
        "MPIX_Comm_revoke",
        "MPI_Send",
        "MPI_Weak",
        "PMPI_Recv",
    ]


def test_a_name_that_two_objects_want_is_listed_once() -> None:
    assert wanted(symbols(["MPI_Send"]) * 2) == ["MPI_Send"]


def test_a_test_of_a_function_that_none_calls_is_refused() -> None:
    with pytest.raises(ValueError, match="tested but never called: MPI_Typo"):
        wanted(symbols(["MPI_Send", "hpcpy_mpi_slot_MPI_Send", "hpcpy_mpi_slot_MPI_Typo"]))


def test_functions_questions_and_data_are_told_apart() -> None:
    sizes = data_sizes(["MPI_Send W 0001 0a", "MPI_UNWEIGHTED D 0002 0008", "MPI_X B 0003"])
    text = listing(["MPI_Initialized", "MPI_Send", "MPI_UNWEIGHTED"], sizes)
    assert text.splitlines()[1:] == [
        "QUESTION(MPI_Initialized)",
        "FUNCTION(MPI_Send)",
        "DATA(MPI_UNWEIGHTED, 8)",
    ]


@needs_gcc
def test_calls_go_where_the_slots_say(tmp_path: Path) -> None:
    def gcc(*arguments: str) -> None:
        subprocess.run(["gcc", "-fno-pie", "-O1", *arguments], cwd=tmp_path, check=True)

    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "library.c").write_text(LIBRARY)
    gcc("-c", "program.c")
    gcc("-shared", "-fPIC", "-o", "library.so", "library.c")
    command = [sys.executable, "-m", "stubs", "--library", "library.so", "program.o"]
    made = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(INTERP), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "mpi_names.h").write_text(made.stdout)
    gcc("-c", "-I.", str(INTERP / "mpi_stubs.S"))
    gcc("-no-pie", "-o", "program", "program.o", "mpi_stubs.o")
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "no MPI_Other\n")
