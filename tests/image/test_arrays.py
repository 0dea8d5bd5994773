"""``python -m workloads arrays``: what NumPy says of its arrays, as a table and drawn."""

from pathlib import Path
from typing import Any

import numpy as np
from needed import needs

from workloads.__main__ import main
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


@needs("matplotlib")
def test_the_same_drawing_has_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "1.svg", tmp_path / "2.svg"]
    for file in files:
        assert main(["arrays", "--plot", str(file)]) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    # A cell an element of each memory, and a cell each time that an index finds one.
    found = examples()
    cells = sum(len(each.memory) for each in found)
    cells += sum(len(flat(each.cells)) for each in found[1:])
    assert first.count(b'id="patch_') >= cells
