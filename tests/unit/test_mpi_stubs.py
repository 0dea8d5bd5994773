"""Which names of MPI become jump stubs, and what a stub does with and without a library."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from hpcpy.core.paths import ROOT

INTERP = ROOT / "src/interp/mpi"
sys.path.insert(0, str(INTERP))

from stubs.__main__ import (  # noqa: E402
    functions,
    undefined,
)


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


def test_a_test_of_a_function_that_none_calls_is_refused() -> None:
    with pytest.raises(ValueError, match="tested but never called: MPI_Typo"):
        functions(["MPI_Send", "hpcpy_mpi_slot_MPI_Send", "hpcpy_mpi_slot_MPI_Typo"])
