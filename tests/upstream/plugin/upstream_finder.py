"""Make the unpacked tests importable under the names that they have upstream.

It is imported by pytest's plugin, and at the start of a venv's interpreter for
programs that tests start themselves.
"""

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# The unpacked tests, each at the path that it has in its package.
TREE = "/upstream/tests"


class Tests(importlib.abc.MetaPathFinder):
    """Finds, last of all, `numpy._core.tests` and the like, which no image has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module where its package's folder would be in the tree."""
        if path is None:
            return None
        folder = "/".join((TREE, *fullname.split(".")[:-1]))
        spec = PathFinder.find_spec(fullname, [folder], target)
        # Only a folder called `tests` may be without an __init__.py: all others of the
        # tree without one are the image's own packages.
        is_tests = fullname.endswith(".tests")
        if spec is None or (spec.loader is None and not is_tests):
            return None
        give_file()
        return spec


def give_file() -> None:
    """Give a linked-in module, which has no file, a file that tests can open by ctypes."""
    name = os.environ.get("HPCPY_UPSTREAM_LIBRARY")
    if name and not hasattr(module := importlib.import_module(name), "__file__"):
        module.__file__ = "/upstream/library/library.so"


def install() -> None:
    """Make the tests importable, and hide modules that a suite must not see."""
    if not any(isinstance(finder, Tests) for finder in sys.meta_path):
        sys.meta_path.append(Tests())
    for name in os.environ.get("HPCPY_UPSTREAM_HIDDEN", "").replace(",", " ").split():
        sys.modules[name] = None  # type: ignore[assignment]


install()
