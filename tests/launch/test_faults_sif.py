"""The file system below an image fails, or gives nothing any more, at a chosen read of its file.

The image's file is served by a thread of the test (`failing_file.py`), whose end shows that
no mount, loop device or process has anything of it any more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from failing_file import FailingStorage, begin, nothing_is_left, skip_without_fuse

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from measure.fuse import OneFile

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
IMPORTS = "import numpy, numba, h5py; print(numpy.ones((500, 500)).sum())"
RIGHT = "250000.0\n"
KERNEL, SQUASHFUSE = "kernel", "squashfuse_ll"
WAYS = {KERNEL: (), SQUASHFUSE: ("--userns",)}
PLACES = ("header", "mount", "interpreter", "import")
SECONDS = 300.0
# How a process ends that the kernel cannot give a page of its program.
NO_PAGE = (-signal.SIGBUS, -signal.SIGSEGV)

pytestmark = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


class Start:
    """A start from the failing file system."""

    def __init__(self, storage: FailingStorage, way: str, folder: Path, *program: str) -> None:
        self.storage, self.folder = storage, folder
        self.server = OneFile(SIF, storage)
        command = [
            str(find_apptainer()),
            "exec",
            *WAYS[way],
            "--cleanenv",
            "--pwd=/",
            str(folder / SIF.name),
        ]
        self.process = begin(
            self.server, folder, [*command, *(program or ("python", "-c", IMPORTS))]
        )

    def ends(self, said: str | None = None) -> tuple[int, str, str]:
        """Return its exit code and what it said, once nothing of it is left."""
        try:
            out, err = self.process.communicate(said, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.storage.go_on()
        nothing_is_left(self.server)
        return self.process.returncode, out, err


@pytest.fixture(scope="module", autouse=True)
def _fuse() -> None:
    skip_without_fuse()


@pytest.fixture(scope="module")
def first_reads(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], int]:
    """Return the number of a read at each place, for each way of mounting the image."""
    found: dict[tuple[str, str], int] = {}
    for way in WAYS:
        programs = (("true",), ("python", "-c", "pass"), ())
        of_all = []
        for program in programs:
            start = Start(FailingStorage(), way, tmp_path_factory.mktemp("first"), *program)
            assert start.ends()[0] == 0
            of_all.append(start.storage.reads)
        mount, interpreter, imports = of_all
        places = (1, mount // 2, (mount + interpreter) // 2, (interpreter + imports) // 2)
        found |= {(way, place): n for place, n in zip(PLACES, places, strict=True)}
    return found


def says_so(code: int, err: str) -> bool:
    """Tell whether Apptainer has said it, or Python, or the kernel has ended the program."""
    if code == 255:
        # After warnings of what else it could not read.
        return err.splitlines()[-1].startswith("FATAL: ")
    return code in NO_PAGE or (code == 1 and ("ImportError" in err or "OSError" in err))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_a_start_ends_where_reads_fail(
    way: str, place: str, first_reads: dict[tuple[str, str], int], tmp_path: Path
) -> None:
    start = Start(FailingStorage(first_reads[way, place]), way, tmp_path)
    code, out, err = start.ends()
    assert start.storage.failed
    assert out == ""
    assert says_so(code, err), (code, err)
    # Apptainer itself reads no more of the image once it runs.
    if place == "header":
        assert (code, err.count("\n")) == (255, 1)


READY = "import sys; print('ready', flush=True); sys.stdin.readline(); "


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "code",
    [IMPORTS, "print(len(open('/usr/share/common-licenses/GPL-3').read()))"],
    ids=["import", "file"],
)
def test_a_running_program_ends(way: str, code: str, tmp_path: Path) -> None:
    start = Start(FailingStorage(), way, tmp_path, "python", "-c", READY + code)
    assert start.process.stdout is not None
    assert start.process.stdout.readline() == "ready\n"
    start.storage.first = start.storage.reads
    ended, out, err = start.ends("\n")
    assert start.storage.failed
    assert out == ""
    assert ended != 255
    assert says_so(ended, err), (ended, err)


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_a_start_waits_for_reads_that_are_not_answered(
    way: str, first_reads: dict[tuple[str, str], int], tmp_path: Path
) -> None:
    start = Start(FailingStorage(first_reads[way, "interpreter"], stalls=True), way, tmp_path)
    end = time.monotonic() + SECONDS
    while not start.storage.failed:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert start.process.poll() is None
    start.storage.go_on()
    assert start.ends() == (0, RIGHT, "")
