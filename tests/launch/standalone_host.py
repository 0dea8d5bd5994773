"""Where the tests of the standalone file run it: on this host, and in other systems' roots."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.fetch.apt import debian_mirrors
from hpcpy.images.outputs import STANDALONE
from hpcpy_common.errors import HpcpyError
from running import Done, run

MPI = ("mpich", "openmpi-bin")
COMPILES = """
import numba
@numba.njit
def twice(x):
    return 2 * x
print(twice(21))
"""
# The word is of the library's name.
RANKS = """
import sys
from mpi4py import MPI
world = MPI.COMM_WORLD
print(world.allreduce(world.rank), world.size, sys.argv[1] in MPI.Get_library_version())
"""
FOUR_RANKS = "6 4 True\n" * 4
# A network of its own has no name for this machine but what /etc/hosts says.
_ENTER = """
for name in proc dev sys; do mount --rbind "/$name" "$1/$name"; done
mount --bind "$2" "$1/mnt"
ip link set lo up; hostname standalone
root=$1; shift 2
exec chroot "$root" "$@"
"""


def built(image: str = "hpcpy-core") -> Path:
    """Build an image's file where it is missing or old, and return its path."""
    command = [sys.executable, "-I", str(paths.ROOT / "hpcpy"), "build", "standalone", image]
    subprocess.run(command, check=True)
    return paths.BUILD / STANDALONE[image]


def staged(kind: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Return the launch's words for a SIF or the standalone file, copied to each node."""
    if kind == "standalone":
        return "ENGINE=standalone", f"IMAGE={built()}"
    return "STAGE=1", f"IMAGE={request.getfixturevalue('sif')}"


def clean(**variables: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8", **variables}


def make_root(
    folder: Path, suite: str, packages: tuple[str, ...], variant: str = "minbase"
) -> Path:
    """Make a root of a Debian suite; without a mirror or the tools, the test is skipped.

    The variant `extract` has these packages alone, without what dpkg would configure.
    """
    mirror = debian_mirrors().get("debian")
    if not mirror:
        pytest.skip("this machine's apt knows no Debian mirror")
    try:
        program = ensure("build")["mmdebstrap"].path
    except HpcpyError as error:
        pytest.skip(str(error))
    root = folder / suite
    include = f"--include={','.join(packages)}"
    done = run(program, f"--variant={variant}", include, suite, root, mirror, timeout=1200)
    if done.returncode:
        pytest.skip(f"{suite} cannot be had: {done.stderr[-300:]}")
    (root / "etc/hosts").write_text("127.0.0.1 localhost standalone\n")
    return root


def _namespaces(*kinds: str) -> list[str]:
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *as_root, "--mount", *kinds, "sh", "-euc"]


def inside(root: Path, shared: Path, *words: object, **variables: str) -> Done:
    """Run a command in a root, which sees the folder `shared` as /mnt."""
    command = [*_namespaces("--net", "--uts", "--ipc", "--fork"), _ENTER, "sh", root, shared]
    return run(*command, *words, env=clean(PATH="/usr/sbin:/usr/bin:/sbin:/bin", **variables))


def with_mounts(file: Path, mounts: str, *words: str) -> Done:
    """Run the file where commands of the shell have mounted something for it alone."""
    # It may lie below a folder that is hidden then.
    script = f'mount --bind {file.parent} /mnt; {mounts}; exec "$@"'
    env = clean(PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    return run(*_namespaces(), script, "sh", f"/mnt/{file.name}", *words, env=env)


def without_a_folder(file: Path, option: str, *words: str) -> Done:
    """Run the file where all folders for temporary files are mounted with an option."""
    folders = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
    over = [f"mount -t tmpfs -o {option} tmpfs {folder}" for folder in folders]
    return with_mounts(file, "; ".join(over), *words)
