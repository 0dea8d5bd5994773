"""The plugin of every run: it makes tests importable, and each rank report."""

import os

import pytest
import upstream_finder  # installs itself


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each MPI rank a report of its own, and tests the file they open."""
    # mpiexec sets the rank's number.
    rank = os.environ.get("PMI_RANK")
    if rank is not None and config.option.xmlpath:
        config.option.xmlpath = config.option.xmlpath.replace(".xml", f"-{rank}.xml")
    upstream_finder.give_file()
