"""Divide a sweep: `make test` runs its first cases, `make test-long` the others."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], keep: int = 1) -> list[Any]:
    """Return the cases of a parametrised test, all but the first few marked as long.

    With a second parameter, the kept cases are run with each of its cases.
    """
    return [case if number < keep else _as_long(case) for number, case in enumerate(cases)]


def _as_long(case: Any) -> Any:
    if isinstance(case, type(pytest.param())):
        return pytest.param(*case.values, id=case.id, marks=[*case.marks, pytest.mark.long])
    # A list or tuple has the values of several parameters.
    values = case if isinstance(case, (list, tuple)) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
