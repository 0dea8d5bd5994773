"""What image tests share; its folder is searched for their modules, too: running.py …"""

from __future__ import annotations

import pytest


@pytest.fixture
def no_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither the user nor Slurm have said how many threads there are to be."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
