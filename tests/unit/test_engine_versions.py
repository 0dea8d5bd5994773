"""Version numbers as real tools print them."""

from __future__ import annotations

import pytest

from hpcpy.engine.tools import parse_version


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", "1.28.2"),
        ("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\ngo: go1.19.8", "1.1.5"),
        ("apptainer version 1.4.0-rc.1", "1.4 (pre-release)"),
    ],
)
def test_version_is_read_from_what_the_tool_prints(printed: str, expected: str) -> None:
    assert str(parse_version(printed)) == expected


def test_output_without_a_version_is_no_version() -> None:
    assert parse_version("command not found") is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9.3", "1.10.0"), ("1.4.0-rc.1", "1.4.0"), ("4.5", "4.5.1")],
)
def test_numbers_are_compared_not_letters(older: str, newer: str) -> None:
    first, second = parse_version(older), parse_version(newer)
    assert first is not None
    assert second is not None
    assert first < second
