"""The plugin of every run: tests can be imported, and each rank reports."""

from __future__ import annotations

import importlib
import os

import pytest
import upstream_finder  # noqa: F401  # installs itself


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each MPI rank a report of its own, and tests the file they open."""
    # mpiexec says which rank it is.
    rank = os.environ.get("PMI_RANK")
    if rank is not None and config.option.xmlpath:
        config.option.xmlpath = config.option.xmlpath.replace(".xml", f"-{rank}.xml")
    name = os.environ.get("HPCPY_UPSTREAM_LIBRARY")
    if name:
        module = importlib.import_module(name)
        # One that is linked in has no file; tests open it for C functions.
        if not hasattr(module, "__file__"):
            module.__file__ = "/upstream/library/library.so"
