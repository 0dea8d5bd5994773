"""Tests with and without an optional package: here always as the image has it."""

from __future__ import annotations

import importlib.util
from typing import Any


class _Packages:
    def has(self, package: str) -> bool:
        return importlib.util.find_spec(package) is not None


def package_matrix(_: object) -> Any:
    """Leave a test as it is; let a class ask which packages are there."""

    def decorate(decorated: Any) -> Any:
        if isinstance(decorated, type):
            decorated.pkg_config = _Packages()  # type: ignore[attr-defined]
        return decorated

    return decorate
