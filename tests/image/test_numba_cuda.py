"""Numba for CUDA where something of it is absent, or too new for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workloads.device import cuda
from workloads.errors import UnavailableError


def test_numpy_has_what_numba_cuda_registers_while_it_compiles_and_not_longer() -> None:
    before = hasattr(np, "row_stack")
    with cuda.numba_compilation():
        stacked = np.row_stack(([1, 2], [3, 4]))
    assert np.array_equal(stacked, [[1, 2], [3, 4]])
    assert hasattr(np, "row_stack") == before
    with pytest.raises(UnavailableError, match="no attribute"), cuda.numba_compilation():
        np.no_such_function  # noqa: B018
    assert hasattr(np, "row_stack") == before


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (ImportError("\n\nno libNVVM here\n:"), "(no libNVVM here)"),
        (RuntimeError(""), "(RuntimeError)"),
    ],
)
def test_a_compiler_that_is_absent_is_said_in_one_line(failure: Any, says: str) -> None:
    with pytest.raises(UnavailableError) as error, cuda.numba_compilation():
        raise failure
    assert says in str(error.value)
    assert "CUDA toolkit" in str(error.value)
    assert "\n" not in str(error.value)
