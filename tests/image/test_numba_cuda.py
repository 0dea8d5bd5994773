"""Numba for CUDA where something of it is absent, or too new for it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from running import said
from workloads.errors import UnavailableError
from workloads.harness import cuda, cuda_numba


def test_numpy_has_what_numba_cuda_registers_while_it_compiles_and_not_longer() -> None:
    before = hasattr(np, "row_stack")
    with cuda_numba.compilation():
        stacked = np.row_stack(([1, 2], [3, 4]))
    assert np.array_equal(stacked, [[1, 2], [3, 4]])
    assert hasattr(np, "row_stack") == before
    with pytest.raises(UnavailableError, match="no attribute"), cuda_numba.compilation():
        np.no_such_function  # noqa: B018
    assert hasattr(np, "row_stack") == before


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (RuntimeError('Failure finding "libnvvm.so": No such file\n\n'), 'Failure finding "libnv'),
        (ImportError("\n\nno libNVVM here\n:"), "(no libNVVM here)"),
        (RuntimeError(""), "(RuntimeError)"),
    ],
)
def test_a_compiler_that_is_absent_is_said_in_one_line(failure: Any, says: str) -> None:
    with pytest.raises(UnavailableError) as error, cuda_numba.compilation():
        raise failure
    assert says in str(error.value)
    assert "CUDA toolkit" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        # As numba-cuda and numba say it where there is no driver.
        ("\nError at driver init: \n\nCUDA driver library cannot be found.\nEnsure …\n: ", 3),
        ("Error at driver init: Call to cuInit results in CUDA_ERROR_NO_DEVICE (100)", 0),
    ],
)
def test_of_a_message_the_line_that_tells_is_shown(message: str, line: int) -> None:
    assert cuda.reason(Exception(message)) == message.splitlines()[line]


def test_a_toolkit_that_is_absent_is_said_when_the_module_is_imported() -> None:
    program = """
    import sys
    class NoToolkit:
        def find_spec(self, name, *rest):
            if name == "numba.cuda":
                raise RuntimeError('Failure finding "libcudart.so.12": No such file\\n\\n')
    sys.meta_path.insert(0, NoToolkit())
    from workloads.errors import UnavailableError
    try:
        import workloads.pi.techniques.cuda_numba
    except UnavailableError as error:
        print(error)
    """
    words = " ".join(said(program, PYTHONPATH=":".join(sys.path)))
    assert words.startswith('numba-cuda cannot be loaded (Failure finding "libcudart.so.12": No')
    assert "CUDA toolkit" in words
