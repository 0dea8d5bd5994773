"""What `hpcpy_info --check` finds in the code image that the bundle has otherwise."""

from __future__ import annotations

import sys
from types import CodeType

import pytest
from small_bundle import FEATURES

sys.path.append(str(FEATURES / "code_image"))

from _hpcpy_laid_out import check

SOURCE = """
def outer(first):
    def inner(second):
        return first, second, 0.0, 1, (1, 2), frozenset({1}), "word"
    return inner
"""


def compiled(source: str = SOURCE) -> CodeType:
    return compile(source, "module.py", "exec")


def test_the_same_code_passes() -> None:
    check(compiled(), compiled())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.0", "-0.0"),
        (" 1,", " True,"),
        ("(1, 2)", "(1, 2.0)"),
        ("first", "third"),
        ("inner", "deeper"),
        ("word", "text"),
        ("return inner", "\n    return inner"),
    ],
)
def test_other_code_is_refused(old: str, new: str) -> None:
    with pytest.raises(ValueError, match="laid out as something else"):
        check(compiled(), compiled(SOURCE.replace(old, new)))


def test_code_of_another_place_is_refused() -> None:
    code = compiled()
    outer = next(one for one in code.co_consts if isinstance(one, CodeType))
    for changed in (outer.replace(co_qualname="x.outer"), outer.replace(co_stacksize=99)):
        constants = tuple(changed if one is outer else one for one in code.co_consts)
        with pytest.raises(ValueError, match="is laid out as something else"):
            check(code.replace(co_consts=constants), compiled())
