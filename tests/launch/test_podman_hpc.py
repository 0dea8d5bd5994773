"""podman-hpc itself over two nodes of the local Slurm, as root and as an ordinary user."""

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import podman_hpc_site
import pytest
import rank_ends
from injection_ways import NOBODY, PROGRAM, forbidden
from launching import said, wait_until_ready, waiting_program
from local_cluster import Cluster
from mpi_libraries import NEEDS, NEWER, module, unpacked
from podman_hpc_site import IMAGE, MODULE, Installed
from rank_ends import ACTS
from site_user import SECONDS, User, require_public, site_with_mpich

from hpcpy.cluster.layout import NODES
from hpcpy.core import paths
from running import Done, printed, wait_until

pytestmark = [pytest.mark.long, *NEEDS]
AS_ROOT = pytest.mark.parametrize("user", [0], indirect=True, ids=["root"])


# What udev and systemd give to a machine, and some containers lack: /dev/fuse for
# every user, and /dev/mqueue for --ipc=host.  Each node has a /dev of its own with
# both: a folder made in the machine's /dev is there for every other node, too.
OPEN = """
own=/run/user/dev
mkdir $own
mount -t tmpfs -o mode=755 dev $own
cp --archive --one-file-system /dev/. $own
mkdir -p $own/mqueue
for name in pts shm mqueue; do
    ! mountpoint -q /dev/$name || mount --rbind /dev/$name $own/$name
done
mountpoint -q $own/mqueue || mount -t mqueue mqueue $own/mqueue
test -e $own/fuse || mknod $own/fuse c 10 229
chmod 666 $own/fuse
mount --rbind $own /dev
"""
# A step that was killed may still have files open there.
CLOSE = "umount --lazy /dev; umount --lazy /run/user/dev; rmdir /run/user/dev"


@pytest.fixture(scope="module")
def site() -> Iterator[Installed]:
    podman_hpc_site.require()
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="mpich.") as folder:
        libraries = unpacked(Path(folder))
        yield podman_hpc_site.installed(module(libraries, libraries / "module"))


@pytest.fixture(scope="module", params=[NOBODY, 0], ids=["nobody", "root"])
def user(request: pytest.FixtureRequest, cluster: Cluster, site: Installed) -> Iterator[User]:
    uid: int = request.param
    with contextlib.ExitStack() as stack:
        if uid:
            require_public(site.python, paths.ROOT / "src/hpcpy/__main__.py")
            if why := forbidden("user namespaces"):
                pytest.skip(f"no rootless podman: {why}")
            podman_hpc_site.share(site, uid)
            for node in NODES:
                stack.enter_context(_opened(cluster, node))
        name = stack.enter_context(tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="user."))
        os.chown(name, uid, uid)
        own = dataclasses.replace(cluster, shared=Path(name))
        yield User(own, "podman-hpc", IMAGE, site.python, uid, site.environment(uid))


@contextlib.contextmanager
def _opened(cluster: Cluster, node: str) -> Iterator[None]:
    process = cluster.daemon("slurmd", node)
    enter = ["nsenter", "--mount", "--pid", f"--target={process}", "sh", "-ec"]
    subprocess.run([*enter, OPEN], check=True)
    try:
        yield
    finally:
        subprocess.run([*enter, CLOSE], check=True)


def said_by_us(done: Done) -> str:
    """Return stderr without what podman-hpc says when the first rank hung up early."""
    return re.sub(r"(?m)^send_complete failed for \d+\n\[Errno 32\] Broken pipe\n", "", done.stderr)


def nothing_is_left(user: User, workload: str = "") -> None:
    if workload:
        user.wait_until_no_rank_is_left(workload)
    words = ("srun", "--quiet", "-N2", "podman-hpc", "ps", "--all", "--quiet")
    # podman removes them a moment after they have ended.
    wait_until(lambda: not printed(user.run(*words)), every=0.5)


def test_two_nodes_have_the_answers(user: User) -> None:
    user.has_the_answers_of_two_nodes()
    nothing_is_left(user)


def test_its_module_puts_the_sites_mpich_in_place_of_the_images(user: User) -> None:
    start = ("srun", "--quiet", "-N2", "--ntasks-per-node=2", "--mpi=pmi2")
    options = ("--rm", "--mpi", "--user=0", "--workdir=/", f"--volume={user.cluster.shared}:/tmp")
    given = ("--env=MPIR_CVAR_CH4_NETMOD=ofi", "--env=FI_PROVIDER=tcp", IMAGE)
    done = user.run(*start, "podman-hpc", "run", *options, *given, "python3", "-c", PROGRAM)
    assert (done.returncode, said_by_us(done)) == (0, "")
    expected = [f"{rank} 4 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(4)]
    assert sorted(done.stdout.splitlines()) == expected


def test_a_launch_with_the_module_finds_what_the_site_promises(user: User) -> None:
    (user.cluster.shared / "site.toml").write_text(site_with_mpich("podman-hpc", "--mpi"))
    done = user.run(*user.launch("W=pi --impl mpi", "NODES=2", "TASKS=4", "SITE=site.toml"))
    assert (done.returncode, said(done)) == (0, [])
    assert "15,703,353 hits" in done.stdout


def test_a_dead_first_rank_ends_the_job_and_its_containers(user: User) -> None:
    waits = "waits.py"
    program = waiting_program(user.cluster, waits)
    with user.started(program, "NODES=2", "TASKS=4") as process:
        os.kill(wait_until_ready(user.cluster, waits, 4)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    *_, last = err.splitlines()
    # MPI on the others may notice it first, and is killed for that.
    assert re.match(r"hpcpy launch: ranks? [0-9,-]+ on n[12]: ", last), err
    nothing_is_left(user, waits)


@AS_ROOT
@pytest.mark.parametrize("end", ["Ctrl-C", "scancel"])
def test_a_stop_ends_all_ranks_and_their_containers(user: User, end: str) -> None:
    waits = f"waits-for-{end}.py"
    program = waiting_program(user.cluster, waits)
    with user.started(program, "NODES=2", "TASKS=4") as process:
        wait_until_ready(user.cluster, waits, 4)
        if end == "scancel":  # what Slurm sends to ranks that take their time
            user.run("scancel", "--signal=KILL", "--name=hpcpy-waits-for-scancel")
        else:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    assert (err.splitlines()[-1] == "hpcpy launch: stopped by Ctrl-C") == (end == "Ctrl-C")
    nothing_is_left(user, waits)


# Slurm may kill the engine before this has passed on MPICH's line of an abort.
@AS_ROOT
@pytest.mark.parametrize("act", [act for act in ACTS if "Abort" not in act])
def test_a_rank_ends(user: User, act: str) -> None:
    program = rank_ends.word(user.cluster.shared, 1, act)
    rank_ends.check(user.run(*user.launch(program, "NODES=2", "TASKS=4")), 1, act)
