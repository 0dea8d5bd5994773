"""Cells of a talk's notebook: what one defines, no other one changes."""

import ast
import json
from pathlib import Path

import pytest

from workloads.talk import notebook, slides
from workloads.talk.source import definition, meanings


def _is_plain(cell: str) -> bool:
    """Return whether a cell is Python without IPython's words."""
    return cell[0] not in "!%" and "%timeit" not in cell


def _cells(name: str, folder: Path) -> list[str]:
    talk = slides.talk(name)
    notebook.write(folder / "talk.ipynb", name, talk, talk.slides)
    cells = json.loads((folder / "talk.ipynb").read_text())["cells"]
    return [each["source"] for each in cells if each["cell_type"] == "code"]


@pytest.mark.parametrize("name", slides.TALKS)
def test_no_cell_of_a_notebook_changes_what_another_has_defined(name: str, tmp_path: Path) -> None:
    defined: dict[str, str] = {}
    for cell in _cells(name, tmp_path):
        for node in ast.parse(cell).body if _is_plain(cell) else []:
            meanings = {}
            if isinstance(node, ast.FunctionDef):
                meanings = {node.name: ast.unparse(node)}
            elif isinstance(node, ast.ImportFrom):
                places = {each.asname or each.name: each.name for each in node.names}
                meanings = {one: f"{node.module}.{place}" for one, place in places.items()}
            for bound, place in meanings.items():
                meaning = definition(place) or place
                assert defined.setdefault(bound, meaning) == meaning, bound


@pytest.mark.parametrize("name", slides.TALKS)
def test_what_a_student_changes_in_a_cell_is_what_the_others_use(name: str, tmp_path: Path) -> None:
    # The cells after it imported the function again, or had it once more.
    defined: set[str] = set()
    for cell in filter(_is_plain, _cells(name, tmp_path)):
        # What is started anew imports its functions.
        for node in ast.parse(cell).body:
            bound = meanings(node).keys() if not isinstance(node, ast.Import) else set()
            assert not bound & defined, cell
            defined |= bound if isinstance(node, ast.FunctionDef) else set()
    assert len(defined) > 5
