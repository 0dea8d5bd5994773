"""Version numbers as real tools print them."""

from __future__ import annotations

import pytest

from hpcpy.engine.tools import parse_version


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9.3", "1.10.0"), ("1.4.0-rc.1", "1.4.0"), ("4.5", "4.5.1")],
)
def test_numbers_are_compared_not_letters(older: str, newer: str) -> None:
    first, second = parse_version(older), parse_version(newer)
    assert first is not None
    assert second is not None
    assert first < second
