"""What the launch tests share: the local cluster, started at its first use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from local_cluster import Cluster, acquired, image


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give the local cluster: ``cluster.srun("-N2", "hostname").stdout``."""
    with acquired() as one:
        yield one


@pytest.fixture(scope="session")
def sif() -> str:
    """Give the image's file."""
    return image()[-1]


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Browser]:
    """Give a browser: ``screen.open(uri)``; without one the test is skipped."""
    with browser(tmp_path) as one:
        yield one
