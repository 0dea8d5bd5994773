"""What image tests share; its folder is searched for their modules, too: needed.py …"""

import pytest

from _hpcpy_importer import finder

UNDER_SANITIZERS = "AddressSanitizer ends who asks for more memory than there is"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "memory: asks for more memory than there is")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "sanitize" in finder().bundle.about["features"]:
        for item in items:
            if "memory" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=UNDER_SANITIZERS))


@pytest.fixture
def no_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither the user nor Slurm have said how many threads there are to be."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
