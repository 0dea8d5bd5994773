"""What a row of mandel says of its vector instructions."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from workloads.mandel import row_kernel
from workloads.mandel.registry import TECHNIQUES


@pytest.mark.parametrize(
    ("module", "told"),
    [(SimpleNamespace(level=lambda: "x86-64-v4"), "simd x86-64-v4"), (SimpleNamespace(), "simd")],
)
def test_a_row_says_which_vector_instructions_it_has(
    module: SimpleNamespace, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_kernel, "load", lambda: ("simd", None))
    monkeypatch.setitem(sys.modules, TECHNIQUES["simd"].module, module)
    assert row_kernel.told() == told
