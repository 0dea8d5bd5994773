"""Small helpers of the tests."""

from __future__ import annotations

from pathlib import Path


def cmd_with_coverage(command: list[str]) -> list[str]:
    """Return a command as it is: no coverage is measured."""
    return command


def get_tests_data_file_path(name: str) -> str:
    """Return the path of a data file; the sdist has none, so they lie beside this file."""
    return str(Path(__file__).parent / "data" / name)
