"""A cluster of one test file's alone, to be hurt; started and stopped as users do."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, require_one

from hpcpy.cluster.command import stop
from hpcpy.cluster.layout import Layout
from hpcpy.core import paths
from running import start


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


def start_hpcpy(layout: Layout, *words: str, umask: int = -1) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src")}
    command = ("-m", "hpcpy", "cluster", f"--folder={layout.folder}", *words)
    return start(sys.executable, *command, env=env, umask=umask)


def hpcpy(layout: Layout, *words: str) -> str:
    with start_hpcpy(layout, *words) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def running(layout: Layout) -> Cluster:
    shared = layout.folder / "shared"
    shared.mkdir(exist_ok=True)
    return Cluster(layout, shared)


def started(layout: Layout) -> Cluster:
    hpcpy(layout)
    return running(layout)


def stderr_of(layout: Layout, *words: str) -> str:
    with start_hpcpy(layout, *words) as process:
        return process.communicate(timeout=300)[1]
