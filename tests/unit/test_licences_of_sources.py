"""What is linked into the interpreter may be redistributed with it.

Everything that is built from source counts as linked in: its licences are all
permissive today, and one line here has to change when that ends.
"""

from __future__ import annotations

import re

import pytest

from hpcpy.pins.sources import sources

COPYLEFT = re.compile(r"(A|L)?GPL-")
# Exceptions for what is made to be linked in: gcc's run-time libraries, and what Autoconf and
# Bison write.
EXCEPTIONS = {"GCC-exception-3.1", "Autoconf-exception-3.0", "Bison-exception-2.2"}


def permits(expression: str) -> bool:
    """Return whether an SPDX expression leaves a choice without copyleft."""
    words = re.findall(r"[()]|[^\s()]+", expression)
    permitted = _alternatives(words)
    if words:
        raise ValueError(f"{expression!r}: not understood from {words[0]!r} on")
    return permitted


def _alternatives(words: list[str]) -> bool:
    found = [_together(words)]
    while words[:1] == ["OR"]:
        words.pop(0)
        found.append(_together(words))
    return any(found)


def _together(words: list[str]) -> bool:
    found = [_one(words)]
    while words[:1] == ["AND"]:
        words.pop(0)
        found.append(_one(words))
    return all(found)


def _one(words: list[str]) -> bool:
    word = words.pop(0)
    if word == "(":
        permitted = _alternatives(words)
        if not words or words.pop(0) != ")":
            raise ValueError("a parenthesis is not closed")
        return permitted
    excepted = words[:1] == ["WITH"] and words[1] in EXCEPTIONS
    if words[:1] == ["WITH"]:
        del words[:2]
    return excepted or not COPYLEFT.match(word)


@pytest.mark.parametrize("name", sorted(sources()))
def test_source_has_a_licence_without_copyleft(name: str) -> None:
    licence = sources()[name].licence
    assert permits(licence), f"{name} is under {licence}"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("BSD-3-Clause", True),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-or-later", False),
        ("BSD-3-Clause OR GPL-2.0-only", True),
        ("MIT AND (LGPL-2.1-only OR Zlib)", True),
        ("(MIT OR Zlib) AND GPL-3.0-only", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_copyleft_would_be_found(expression: str, expected: bool) -> None:
    assert permits(expression) is expected


@pytest.mark.parametrize("text", ["BSD License", "MIT OR (Zlib"])
def test_text_that_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        permits(text)
