"""``python -m workloads arrays``: what NumPy says of its arrays, as a table and drawn."""

from typing import Any

import numpy as np

from workloads.arrays.command import LINES, examples
from workloads.arrays.drawing import Example


def flat(cells: Any) -> list[int]:
    return [int(cell) for cell in np.asarray(cells).ravel()]


def by_code() -> dict[str, Example]:
    return {each.code: each for each in examples()}


def test_each_array_is_found_in_its_memory() -> None:
    names: dict[str, Any] = {"np": np}
    for line, each in zip(LINES, examples(), strict=True):
        exec(f"_ = {line}", names)  # noqa: S102
        assert np.asarray(each.cells).shape == each.shape
        assert [each.memory[cell] for cell in flat(each.cells)] == names["_"].ravel().tolist()


def test_a_view_takes_no_memory_and_a_copy_its_own() -> None:
    found = by_code()
    own = {code: each.own for code, each in found.items() if each.own}
    assert own == {"a = np.arange(12)": 96, "b[0] * b[:, :1]": 96, "b[[0, 2]]": 64}
    assert [code for code, each in found.items() if not each.shares] == [*own][1:]
