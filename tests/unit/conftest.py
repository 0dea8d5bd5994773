"""Fixtures of several of the host's tests."""

import os
from pathlib import Path

import pytest
from small_machine import Machine, maker


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a function that makes a node for the doctor's checks."""
    return maker(tmp_path)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a launcher or a job gives a rank."""
    launchers = ("PMI_", "MPI_LOCAL", "OMPI_", "SLURM_")
    for name in [name for name in os.environ if name.startswith(launchers)]:
        monkeypatch.delenv(name)
