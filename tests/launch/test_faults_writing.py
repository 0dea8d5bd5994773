"""The file system below what the workloads write refuses a write, a close or a rename.

It is served by a thread of the test (`failing_folder.py`) and begins to fail at the first, a
middle or the last request of a kind, as an undisturbed run counts them.
"""

import errno
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from failing_folder import FailingFolder

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from in_image import image_command
from measure.fuse import Kind
from running import start
from tiers import sampled

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
PYTHON = ("python3", "-m", "workloads")
RANKS = ("mpiexec", "-n", "2", *PYTHON)
SIZE = ("-n", "4", "-s", "100")
MANDEL = (*PYTHON, "mandel", "--impl", "numpy", "--size", "64", "64")
PROGRAMS = {
    "npy": (*PYTHON, "write", "--impl", "npy", *SIZE, "--out", "out"),
    "hdf5": (*PYTHON, "write", "--impl", "hdf5", *SIZE, "--out", "out"),
    "hdf5-single": (*PYTHON, "write", "--impl", "hdf5-single", *SIZE, "--out", "out"),
    "mpi-scatter": (*RANKS, "write", "--impl", "mpi-scatter", *SIZE, "--out", "out"),
    "hdf5-parallel": (*RANKS, "write", "--impl", "hdf5-parallel", *SIZE, "--out", "out"),
    "read": (*PYTHON, "read", "--impl", "npy", *SIZE),
    "out": (*MANDEL, "--out", "out.npy"),
    "out-h5": (*MANDEL, "--out", "out.h5"),
    "json": (*MANDEL, "--json", "out.json"),
}
SECONDS = 300.0

pytestmark = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


# Whoever has the descriptor keeps the requests waiting when nobody answers any more.
MOUNTED = """
mount -i -t fuse -o "$1" hpcpy "$2" || exit
device=$3
exec {device}>&-
exec "${@:4}"
"""


@pytest.fixture(scope="module", autouse=True)
def _fuse() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has a file system of its own mounted below a container")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("there is no /dev/fuse")


def begin(server: FailingFolder, folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a mount namespace of its own, in which the file system is mounted."""
    given = (server.options, str(folder), str(server.device))
    words = ("unshare", "--mount", "bash", "-c", MOUNTED, "bash", *given, *command)
    return start(*words, pass_fds=[server.device], start_new_session=True)


def run(program: str, folder: Path, served: FailingFolder) -> tuple[int, str, list[str]]:
    """Return the exit code, what was said, and what lies in the folder afterwards."""
    words = ["env", "--chdir=/tmp", "TMPDIR=/tmp", *PROGRAMS[program]]
    job = begin(served, folder, [*image_command(find_apptainer(), SIF, folder), *words])
    try:
        _, err = job.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        job.kill()
        raise
    # No mount, no loop device and no process has the file system any more.
    served.thread.join(SECONDS)
    assert not served.thread.is_alive()
    return job.returncode, err, sorted(served.paths())


Undisturbed = dict[str, FailingFolder]


@pytest.fixture(scope="module")
def undisturbed() -> Undisturbed:
    """Give the folder of each program's undisturbed run, as tests come to need it."""
    return {}


@dataclass(frozen=True)
class Case:
    """Which requests fail, with which error, from where on."""

    kind: Kind
    number: int
    place: str

    def __str__(self) -> str:
        return f"{self.kind.name}-{errno.errorcode[self.number]}-{self.place}"


CASES = [
    Case(Kind.WRITE, errno.EIO, "middle"),
    Case(Kind.RENAME, errno.EIO, "last"),
    Case(Kind.WRITE, errno.ENOSPC, "last"),
    Case(Kind.WRITE, errno.EIO, "first"),
    Case(Kind.WRITE, errno.EIO, "last"),
    Case(Kind.WRITE, errno.ENOSPC, "middle"),
    Case(Kind.FLUSH, errno.EIO, "first"),
    Case(Kind.FLUSH, errno.EIO, "middle"),
    Case(Kind.FLUSH, errno.EIO, "last"),
    Case(Kind.RENAME, errno.EIO, "first"),
]


def tried(case: Case) -> list[tuple[str, Case]]:
    """Return the programs that a case is for: `read` goes to another folder than a bad one."""
    left_out = {"read"} if case.place == "first" else set()
    return [(program, case) for program in PROGRAMS if program not in left_out]


SHORT, LONG = ([one for case in cases for one in tried(case)] for cases in (CASES[:3], CASES[3:]))


@pytest.mark.parametrize(("program", "case"), sampled([*SHORT, *LONG], keep=len(SHORT)), ids=str)
def test_what_cannot_be_written_is_said_and_not_left(
    program: str, case: Case, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    if program not in undisturbed:
        undisturbed[program] = FailingFolder(case.kind)
        assert run(program, tmp_path, undisturbed[program])[:2] == (0, "")
    whole = undisturbed[program]
    last = whole.asked[case.kind] - 1
    first = {"first": 0, "middle": (last + 1) // 2, "last": last}[case.place]
    failing = FailingFolder(case.kind, case.number, first)
    code, err, left = run(program, tmp_path, failing)
    while failing.asked[case.kind] <= first:
        # Ranks that write together need a request more or less: none has failed.
        assert (code, err) == (0, "")
        first -= 1
        failing = FailingFolder(case.kind, case.number, first)
        code, err, left = run(program, tmp_path, failing)
    said, *more = err.splitlines()
    assert all(line.startswith("Abort(73) on node") for line in more), err
    assert os.strerror(case.number) in said
    assert code == (1 if "WRONG: cannot be read" in said else 2 if "written (" in said else 73)
    assert case.number == errno.ENOSPC or "MB are free" not in said
    # Of several outputs the first ones may be there, whole.
    assert all(failing.content(path) == whole.content(path) for path in left)


@pytest.mark.parametrize("program", ["npy", "hdf5", "hdf5-single", "mpi-scatter", "read"])
def test_what_cannot_be_read_back_is_wrong(program: str, tmp_path: Path) -> None:
    code, err, left = run(program, tmp_path, FailingFolder(Kind.READ, first=0))
    assert (code, err.count("\n"), left) == (1, 1, [])
    assert ": cannot be read" in err
