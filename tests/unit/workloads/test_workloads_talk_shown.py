"""Cells of a talk's notebook: what a student changes in one counts in the others."""

import ast
import json
from pathlib import Path

import pytest

from workloads.talk import notebook, slides
from workloads.talk.source import meanings


@pytest.mark.parametrize("name", slides.TALKS)
def test_what_a_student_changes_in_a_cell_is_what_the_others_use(name: str, tmp_path: Path) -> None:
    # The cells after it imported the function again, or had it once more.
    defined: set[str] = set()
    talk = slides.talk(name)
    notebook.write(tmp_path / "talk.ipynb", name, talk, talk.slides)
    for one in json.loads((tmp_path / "talk.ipynb").read_text())["cells"]:
        cell = one["source"]
        # No text, and no words of IPython's; what is started anew imports its functions.
        is_plain = one["cell_type"] == "code" and cell[0] not in "!%" and "%timeit" not in cell
        for node in ast.parse(cell).body if is_plain else []:
            bound = meanings(node).keys() if not isinstance(node, ast.Import) else set()
            assert not bound & defined, cell
            defined |= bound if isinstance(node, ast.FunctionDef) else set()
    assert len(defined) > 5
