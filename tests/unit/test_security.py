"""Each sentence of SECURITY.md about what tests hold names a test that there is."""

import re

import pytest

from hpcpy.core import paths

PAGE = (paths.ROOT / "SECURITY.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## What tests hold")[2].partition("\n## ")[0]
ROWS = re.findall(r"(?m)^\| (\S.*) \| (`.*) \|$", TABLE)


@pytest.mark.parametrize(("claim", "cited"), ROWS, ids=[claim[:40] for claim, _ in ROWS])
def test_each_sentence_has_its_tests(claim: str, cited: str) -> None:
    tests = 0
    for file, names in re.findall(r"`([\w/]+\.py)`: ([^;]+)", cited):
        text = (paths.ROOT / "tests" / file).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert f"\ndef {name}(" in text, f"{file} has no {name}"
            tests += 1
    assert tests >= 1 + len(re.findall(r"\. [A-Z`]", claim)), "a sentence without a test"


def test_no_row_is_left_out() -> None:
    assert len(ROWS) == TABLE.count("\n|") - 2 >= 15
