"""Each sentence of SECURITY.md about what tests hold names a test that there is."""

import re

from hpcpy.core import paths


def test_each_sentence_has_its_tests() -> None:
    page = (paths.ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = page.partition("## What tests hold")[2].partition("\n`")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[4:] if line]
    assert len(rows) >= 15
    for claim, cited in rows:
        tests = 0
        for file, names in re.findall(r"`([\w/]+\.py)`: ([^;]+)", cited):
            text = (paths.ROOT / "tests" / file).read_text(encoding="utf-8")
            for name in re.findall(r"`(\w+)`", names):
                assert f"\ndef {name}(" in text, f"{file} has no {name}"
                tests += 1
        assert tests > len(re.findall(r"\. [A-Z`]", claim)), f"a sentence without a test: {claim}"
