"""`apptainer exec` is transparent: as root, and as an ordinary user.

The same tests hold for an Apptainer of the machine's own and for the one
that `make setup` provides.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import AS_USER, NOBODY, forbidden
from site_user import is_public

from hpcpy.engine.prefix import find_apptainer
from running import Done, printed, run


@dataclass(frozen=True)
class Launcher:
    """Starts commands in the image, as root or as an ordinary user."""

    prefix: tuple[str, ...]
    apptainer: Path
    sif: Path
    folder: Path
    uid: int

    def run(self, *command: str, options: tuple[str, ...] = (), **variables: str) -> Done:
        # The shell that becomes the user leaves the folder to mount over it.
        env = {**os.environ, "OLDPWD": str(self.folder), **variables}
        start = (*self.prefix, self.apptainer, "exec", *options, self.sif)
        return run(*start, *command, cwd=self.folder, env=env)


@pytest.fixture(params=["root", "user"])
def launch(request: pytest.FixtureRequest, sif: str) -> Iterator[Launcher]:
    """Give a launcher with an empty folder that its user can write to."""
    apptainer = find_apptainer()
    root = os.geteuid() == 0
    prefix: tuple[str, ...] = ()
    if request.param == "root" and not root:
        pytest.skip("these tests do not run as root")
    if request.param == "user":
        for path in (apptainer.resolve(), Path(sif)):
            if not is_public(path):
                pytest.skip(f"{path}: not for every user; put the checkout where all read")
        if why := forbidden("user namespaces") or (not root and forbidden("/dev/fuse for users")):
            pytest.skip(why)
    # Not pytest's own folder: an ordinary user cannot enter root's.
    folder = Path(tempfile.mkdtemp(prefix="hpcpy-launch."))
    mounts = Path(tempfile.mkdtemp(prefix="hpcpy-fuse."))
    uid = NOBODY if root and request.param == "user" else os.geteuid()
    folder.chmod(0o777)
    if root and request.param == "user":
        prefix = ("unshare", "--mount", "sh", "-c", AS_USER, str(mounts))
        tried = run(*prefix, "true", env={**os.environ, "OLDPWD": "/"})
        if tried.returncode:
            pytest.skip(f"root cannot become a user with /dev/fuse here: {tried.stderr}")
    yield Launcher(prefix, apptainer, Path(sif), folder, uid)
    shutil.rmtree(folder)
    mounts.rmdir()


def test_one_id_and_no_privilege_are_enough_for_numpy_and_mpi(launch: Launcher) -> None:
    # An ordinary user of a machine without /etc/subuid has such a namespace.
    program = (
        "import numpy, os; from mpi4py import MPI; w = MPI.COMM_WORLD;"
        "ids = open('/proc/self/uid_map').read().split()[2];"
        "print(w.allreduce(numpy.ones(2)).sum(), ids, flush=True)"
    )
    options = ("--userns", "--no-privs", "--contain")
    shown = printed(launch.run("mpiexec", "-n", "2", "python", "-c", program, options=options))
    assert shown == "4.0 1\n4.0 1\n"


def test_binds_are_written_with_the_callers_id_unless_read_only(launch: Launcher) -> None:
    (launch.folder / "kept").mkdir()
    (launch.folder / "kept").chmod(0o777)
    binds = f"{launch.folder}:/mnt,{launch.folder / 'kept'}:/mnt/kept:ro"
    script = "echo written > /mnt/file; echo gone > /mnt/kept/file"
    done = launch.run("sh", "-c", script, options=("--bind", binds))
    assert done.returncode != 0
    written = launch.folder / "file"
    assert (written.read_text(), written.stat().st_uid) == ("written\n", launch.uid)
    assert not (launch.folder / "kept/file").exists()


def test_library_path_of_the_caller_does_not_break_the_engine(launch: Launcher) -> None:
    printed(launch.run("true", LD_LIBRARY_PATH="/usr/lib/x86_64-linux-gnu:/usr/lib"))
