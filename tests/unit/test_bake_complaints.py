"""pip's complaints become one line that names the package and the next step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src/interp"))

from hpcpy_bake.complaints import explain

OWN = {"numpy": "9.8.7"}
HASH = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated \
the package versions, please update the hashes. Otherwise, examine the package contents carefully.
    plain==1.0 from file:///wheels/plain-1.0-py3-none-any.whl (from -r wrong.txt (line 1)):
        Expected sha256 0000
             Got        abcd
"""
MISSING = """\
ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. \
These do not:
    older==1.0 --hash=sha256:ffff
"""
CONFLICT = """\
ERROR: Cannot install newer because these package versions have conflicting dependencies.

The conflict is caused by:
    newer 1.0 depends on numpy>=99
    The user requested (constraint) numpy==9.8.7

Additional packages in these conflicts are available
"""
NOWHERE = """\
ERROR: Could not find a version that satisfies the requirement nowhere (from versions: none)
ERROR: No matching distribution found for nowhere
"""


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (HASH, 65, "plain-1.0-py3-none-any.whl: its sha256 is abcd, the requirements say 0000"),
        (MISSING, 2, "older==1.0"),
        (CONFLICT, 69, "newer 1.0 depends on numpy>=99, the image has numpy 9.8.7; take"),
        (NOWHERE, 69, "the requirement nowhere (from versions: none)"),
        ("something else\n", 69, "something else"),
        ("", 69, "it said nothing"),
    ],
)
def test_each_complaint_is_one_line(said: str, code: int, words: str) -> None:
    error = explain(said, OWN)
    assert error.code == code
    assert words in str(error)
    assert "\n" not in str(error)
