"""The file system below an image, and below what a program writes, stops or fails.

MooseFS's servers are stopped by a signal, and continued by another.  A client that may try
twice only passes the failure on.

In `make test`: `tests/launch/test_write_full.py`, a full disk.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from local_cluster import daemons
from small_storm import STATIC_SIF, SmallStorm, started

from hpcpy.cluster.processes import daemon_environment
from measure.targets import PYTHON
from sharedfs.mounts import Mount

pytestmark = pytest.mark.long

STALLED_SECONDS = 5
# MooseFS itself waits longer before it gives up, and tries 30 times by default.
SECONDS = 300
IMPORTS = "import numpy, numba, h5py; print(numpy.ones((500, 500)).sum())"
WRITE = ("write", "--impl", "npy", "-n", "2", "-s", "300")


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started(STATIC_SIF) as one:
        yield one


@contextlib.contextmanager
def mounted(storm: SmallStorm, *options: str) -> Iterator[Mount]:
    """Give a node's mount with empty caches."""
    mount = replace(storm.storm.mounts[0], options=options)
    with mount.mounted():
        yield mount


def signalled(storm: SmallStorm, program: str, number: signal.Signals) -> None:
    found = daemons(storm.storm.layout, program)
    assert found
    for process, _ in found:
        os.kill(process, number)


@contextlib.contextmanager
def stopped(storm: SmallStorm, *programs: str) -> Iterator[None]:
    for program in programs:
        signalled(storm, program, signal.SIGSTOP)
    try:
        yield
    finally:
        for program in programs:
            signalled(storm, program, signal.SIGCONT)


@contextlib.contextmanager
def gone(disk: Path) -> Iterator[None]:
    """Take the folder of the server's disk away."""
    away = disk.rename(disk.with_name("away"))
    try:
        yield
    finally:
        away.rename(disk)


def begin(storm: SmallStorm, mount: Mount, *words: str, sif: Path) -> subprocess.Popen[str]:
    """Start Python in an image on the mount's node."""
    command = [str(storm.images.apptainer), "exec", f"--bind={mount.folder}", "--pwd=/", str(sif)]
    return subprocess.Popen(
        [*mount.machine.entering(), *command, PYTHON, *words],
        env=daemon_environment(mount.layout),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def shared_sif(mount: Mount) -> Path:
    return mount.folder / STATIC_SIF.folder / "hpcpy.sif"


@pytest.mark.fault(
    "the file system below the SIF stands still for 5 s", "the start waits, and goes on"
)
def test_a_start_waits_for_storage_that_stands_still(storm: SmallStorm) -> None:
    with mounted(storm) as mount:
        with stopped(storm, "mfsmaster", "mfschunkserver"):
            job = begin(storm, mount, "-c", IMPORTS, sif=shared_sif(mount))
            time.sleep(STALLED_SECONDS)
            assert job.poll() is None
        out, err = job.communicate(timeout=SECONDS)
        assert (job.returncode, out, err) == (0, "250000.0\n", "")


@pytest.mark.fault("the file system below the SIF fails", "a line, an exit code other than 0")
def test_a_start_ends_where_storage_fails(
    storm: SmallStorm, record_property: Callable[[str, object], None]
) -> None:
    with mounted(storm, "mfsioretries=2") as mount, stopped(storm, "mfschunkserver"):
        begun = time.monotonic()
        job = begin(storm, mount, "-c", IMPORTS, sif=shared_sif(mount))
        out, err = job.communicate(timeout=SECONDS)
        record_property("s to the end", round(time.monotonic() - begun, 1))
        assert (job.returncode, out, err.count("\n")) == (255, "", 1)
        # Apptainer takes what it cannot read for another format.
        assert err.startswith("FATAL: ")


@pytest.mark.fault("the file system below `write` stands still for 5 s", "it waits, and is right")
def test_writing_waits_for_storage_that_stands_still(storm: SmallStorm) -> None:
    sif = storm.images.sif["hpcpy"]
    with mounted(storm) as mount:
        out = mount.folder / "stalled"
        with stopped(storm, "mfsmaster", "mfschunkserver"):
            job = begin(storm, mount, "-m", "workloads", *WRITE, "--out", str(out), sif=sif)
            time.sleep(STALLED_SECONDS)
            assert job.poll() is None
        shown, err = job.communicate(timeout=SECONDS)
        assert (job.returncode, err) == (0, "")
        assert "npy" in shown


@pytest.mark.fault("the file system below `write` loses its disk", "one line, exit code 73")
def test_writing_says_that_storage_fails(
    storm: SmallStorm, record_property: Callable[[str, object], None]
) -> None:
    sif = storm.images.sif["hpcpy"]
    chunks = storm.storm.layout.folder / "moosefs/chunks"
    with mounted(storm, "mfsioretries=2") as mount:
        out = mount.folder / "failed"
        with gone(chunks):
            begun = time.monotonic()
            job = begin(storm, mount, "-m", "workloads", *WRITE, "--out", str(out), sif=sif)
            _, err = job.communicate(timeout=SECONDS)
            record_property("s to the end", round(time.monotonic() - begun, 1))
        assert job.returncode == 73
        assert err.count("\n") == 1
        # It depends on when the server reports that its disk is gone.
        assert re.search("No space left on device|Input/output error", err), err
