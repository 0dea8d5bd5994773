"""A cluster of one test file's alone, to be hurt; started and stopped as users do."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, require_one

from hpcpy.core import paths
from hpcpy_cluster.command import stop
from hpcpy_cluster.layout import Layout
from running import run


@contextlib.contextmanager
def own(name: str, folder: Path = paths.BUILD) -> Iterator[Layout]:
    """Give a cluster of this test's alone, to be hurt; it is not started."""
    layout = Layout(folder / f"{name}-{os.environ.get('PYTEST_XDIST_WORKER', '0')}")
    if os.geteuid() != 0:
        pytest.skip("only root can make a cluster")
    require_one(layout)
    stop(layout)
    try:
        yield layout
    finally:
        stop(layout)


def command(layout: Layout, *words: str) -> list[str]:
    program = str(paths.ROOT / "hpcpy")
    return [sys.executable, program, "cluster", f"--folder={layout.folder}", *words]


def hpcpy(layout: Layout, *words: str) -> str:
    done = run(*command(layout, *words))
    assert done.returncode == 0, done.stderr
    return done.stdout


def running(layout: Layout) -> Cluster:
    shared = layout.folder / "shared"
    shared.mkdir(exist_ok=True)
    return Cluster(layout, shared)


def started(layout: Layout) -> Cluster:
    hpcpy(layout)
    return running(layout)


def stderr_of(layout: Layout, *words: str) -> str:
    return run(*command(layout, *words)).stderr
