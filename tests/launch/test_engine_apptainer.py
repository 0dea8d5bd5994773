"""`apptainer exec` is transparent: as root, and as an ordinary user.

The same tests hold for an Apptainer of the machine's own and for the one
that `make setup` provides.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from injection_ways import NOBODY
from site_user import require_public

from hpcpy.engine.prefix import find_apptainer
from running import Done, printed, run

Launch = Callable[..., Done]


@pytest.fixture
def launch(before: tuple[str, ...], folder: Path, sif: str) -> Launch:
    """Give a function that runs a command in the image, in a folder that its user can write to."""
    if before:
        require_public(find_apptainer(), Path(sif))
    folder.chmod(0o777)

    def started(*command: str, options: tuple[str, ...] = (), **variables: str) -> Done:
        # The shell that becomes the user leaves the folder to mount over it.
        env = {**os.environ, "OLDPWD": str(folder), **variables}
        words = (*before, find_apptainer(), "exec", *options, sif, *command)
        return run(*words, cwd=folder, env=env)

    return started


def test_one_id_and_no_privilege_are_enough_for_numpy_and_mpi(launch: Launch) -> None:
    # An ordinary user of a machine without /etc/subuid has such a namespace.
    program = (
        "import numpy, os; from mpi4py import MPI; w = MPI.COMM_WORLD;"
        "ids = open('/proc/self/uid_map').read().split()[2];"
        "print(w.allreduce(numpy.ones(2)).sum(), ids, flush=True)"
    )
    options = ("--userns", "--no-privs", "--contain")
    shown = printed(launch("mpiexec", "-n", "2", "python", "-c", program, options=options))
    assert shown == "4.0 1\n4.0 1\n"


def test_binds_are_written_with_the_callers_id_unless_read_only(
    launch: Launch, before: tuple[str, ...], folder: Path
) -> None:
    (folder / "kept").mkdir(exist_ok=True)
    (folder / "kept").chmod(0o777)
    script = "rm -f /mnt/file; echo written > /mnt/file; echo gone > /mnt/kept/file"
    binds = f"{folder}:/mnt,{folder / 'kept'}:/mnt/kept:ro"
    assert launch("sh", "-c", script, options=("--bind", binds)).returncode != 0
    written, uid = folder / "file", NOBODY if before else os.geteuid()
    assert (written.read_text(), written.stat().st_uid) == ("written\n", uid)
    assert not (folder / "kept/file").exists()


def test_library_path_of_the_caller_does_not_break_the_engine(launch: Launch) -> None:
    printed(launch("true", LD_LIBRARY_PATH="/usr/lib/x86_64-linux-gnu:/usr/lib"))
