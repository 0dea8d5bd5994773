"""What an ordinary user's step says of a node that cannot run it; killed, it leaves nothing."""

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY, NOBODY
from launching import SECONDS, hpcpy
from local_cluster import Cluster, open_fuse, own, started

import proc_files
from hpcpy.cluster.layout import NODES
from hpcpy.launch.explain import explain
from running import run, start, wait_until
from tiers import sampled

# The same on every Linux.
DAEMON = 1
NAMES = ("starter", "squashfuse_ll", "tail")
PROGRAM = """
import sys, time
from pathlib import Path
from mpi4py import MPI

Path(f"{__file__}.{MPI.COMM_WORLD.rank}").touch()
MPI.COMM_WORLD.barrier()
if sys.argv[1] == "abort" and MPI.COMM_WORLD.rank == MPI.COMM_WORLD.size // 2:
    MPI.COMM_WORLD.Abort(3)
time.sleep(600)
"""

# Large enough for ranks of a node to read each other's memory, if they may.
TOGETHER = """
from mpi4py import MPI
sent = MPI.COMM_WORLD.allgather(bytes(1 << 20))
if MPI.COMM_WORLD.rank == 0:
    print(sum(map(len, sent)))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give a cluster of these tests' alone, on whose nodes users can mount by FUSE."""
    with own("launch-leftovers") as layout:
        cluster = started(layout)
        open_fuse(cluster)
        cluster.shared.chmod(0o777)
        yield cluster


def engines(cluster: Cluster) -> list[int]:
    """Return first ranks' engines, their mounts, and what waits for the step's end."""
    roots = [Path(f"/proc/{cluster.daemon('slurmd', name)}/ns/pid").stat().st_ino for name in NODES]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = folder.stat().st_uid == NOBODY and (folder / "ns/pid").stat().st_ino in roots
            if is_ours and proc_files.read(folder / "comm").strip() in NAMES:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def files(cluster: Cluster) -> list[Path]:
    """Return the engines' locks, their instances, the folders of steps, and unpacked images."""
    roots = [Path(f"/proc/{cluster.daemon('slurmd', name)}/root") for name in NODES]
    own = f"tmp/hpcpy-{NOBODY}"
    locks = ("dev/shm/sharens_instance_*", f"{own}/apptainer/instances/app/*/*/*")
    names = (*locks, f"{own}/step.*", "tmp/rootfs-*")
    return [path for root in roots for name in names for path in root.glob(name)]


def script(cluster: Cluster, *words: str) -> tuple[str, ...]:
    """Return the words that run a launch's script as the user."""
    shown = hpcpy(cluster, "launch", *words, "DRY=1").stdout
    return (*AS_NOBODY, "bash", "-c", shown)


# What is wrong with a node, what mends it, the launch's words, and what is said of the node.
# Each node's /tmp is its own.  A mount over it would hide a checkout that lies there.
FULL = "mount -o remount,size=16m /tmp; ! cat /dev/zero >/tmp/full"
OPEN = "rm /tmp/full; mount -o remount,size=50% /tmp"
FAULTS = {
    "full": (FULL, OPEN, "TASKS=4", r"ranks? [23].* on n2: .*: no space left on device"),
    "/dev/fuse": ("chmod 0 /dev/fuse", "chmod 666 /dev/fuse", "TASKS=4", r".* on n2: .*/dev/fuse"),
    "a copy": (FULL, OPEN, "STAGE=1", r"n2: no copy of the image in /tmp: No space left "),
}


@pytest.mark.parametrize("what", sampled(FAULTS))
def test_the_cause_on_a_node_is_told(cluster: Cluster, sif: str, what: str) -> None:
    fault, remedy, word, line = FAULTS[what]
    words = script(cluster, "PROGRAM=-m this", "NODES=2", word, f"IMAGE={sif}")
    env = cluster.environment({"HOME": str(cluster.shared)})
    node = ("nsenter", f"--target={cluster.daemon('slurmd', 'n2')}", "--mount", "--pid", "sh", "-c")
    assert run(*node, fault).returncode == 0
    try:
        done = run(*words, env=env, cwd=cluster.shared, timeout=SECONDS)
    finally:
        run(*node, remedy, check=True)
    assert re.match(line, explain(done.stderr)), done.stderr


# What dead steps, or a neighbour, have left with the numbers of the next processes.
LEFT = """
last=$(cat /proc/sys/kernel/ns_last_pid)
own=/tmp/hpcpy-$2 app=/tmp/hpcpy-$2/apptainer/instances/app/$1/nobody
mkdir -p -m 700 "$own" "$own/apptainer"
mapfile -t names < <(seq -f sharens_instance_%.0f "$last" $((last + 1000)))
mkdir -p "${names[@]/#/$app/}"
# By one process: each has the next number.
[ "$4" != link ] || ln -s -t /dev/shm "${names[@]/#//nonexistent/}"
for name in "${names[@]}"; do
  [ "$4" = link ] || echo >"/dev/shm/$name"
  echo '{"pid": 999999, "ppid": 999998, "sharensMode": true}' >"$app/$name/$name.json"
done
chown -R "$2" "$own"
chown -h "$3" /dev/shm/sharens_instance_*
if [ "$4" = folder ]; then chmod 600 /dev/shm/sharens_instance_*; chown "$3" "$own"; fi
"""
# Of whom it is, and what more there is; the last with a /proc that shows nobody root's processes.
WHOSE = {
    "own": (NOBODY, ""),
    "another's, with the name of your folder": (DAEMON, "folder"),
    "another's links": (DAEMON, "link"),
    "another's": (0, ""),
    "own, hidepid": (NOBODY, "hidepid"),
}


@contextlib.contextmanager
def hidden(cluster: Cluster) -> Iterator[None]:
    """Have the nodes' /proc show a user nobody else's processes, as at many a site."""
    for option in ("2", "0"):
        for name in NODES:
            into = ("nsenter", f"--target={cluster.daemon('slurmd', name)}", "--mount", "--pid")
            run(*into, "mount", "-o", f"remount,hidepid={option}", "/proc", check=True)
        if option == "2":
            yield


@pytest.mark.parametrize("whose", sampled(WHOSE, keep=2))
def test_what_is_left_of_the_steps_number_ends_no_step(
    cluster: Cluster, sif: str, whose: str
) -> None:
    owner, more = WHOSE[whose]
    (cluster.shared / "together.py").write_text(TOGETHER)
    words = script(cluster, "PROGRAM=together.py", "NODES=2", "TASKS=4", f"IMAGE={sif}")
    env = cluster.environment({"HOME": str(cluster.shared)})
    with hidden(cluster) if more == "hidepid" else contextlib.nullcontext():
        for name in NODES:
            into = ("nsenter", f"--target={cluster.daemon('slurmd', name)}", "--mount", "--pid")
            run(*into, "bash", "-c", LEFT, "-", name, NOBODY, owner, more, check=True)
        done = run(*words, env=env, cwd=cluster.shared)
    left = files(cluster)
    # What belongs to the step goes by itself a moment after srun.
    for path in left:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for name in NODES:
        shutil.rmtree(f"/proc/{cluster.daemon('slurmd', name)}/root/tmp/hpcpy-{NOBODY}")
    assert (done.returncode, done.stdout) == (0, f"{4 << 20}\n"), done.stderr
    assert (len(left) > 1000) == (owner != NOBODY)


# Where, how the step ends, and the ranks of a node.
ENDS = [("", end, each) for end in ("abort", "scancel", "kill") for each in (2, 1)]
ENDS += [("hidepid", "abort", 2), ("unpacked", "abort", 2), ("unpacked", "scancel", 1)]


@pytest.mark.long
@pytest.mark.parametrize(("where", "end", "each"), ENDS)
def test_no_mount_and_no_file_outlive_the_step(
    cluster: Cluster, sif: str, where: str, end: str, each: int
) -> None:
    program = cluster.shared / f"leaves-{where}-{end}-{each}.py"
    program.write_text(PROGRAM)
    size = ("NODES=2", f"TASKS={2 * each}")
    words = script(cluster, f"PROGRAM={program} {end}", *size, f"IMAGE={sif}")
    env = cluster.environment({"HOME": str(cluster.shared)})
    if where == "unpacked":
        env["APPTAINER_UNSQUASH"] = "1"
    aside = hidden(cluster) if where == "hidepid" else contextlib.nullcontext()
    with aside, start(*words, env=env, cwd=cluster.shared) as process:
        cluster.wait_for_files(*(f"{program.name}.{rank}" for rank in range(2 * each)))
        if end == "scancel":
            cluster.run("scancel", f"--user={NOBODY}")
        if end == "kill":
            for one in engines(cluster):
                if proc_files.read(Path(f"/proc/{one}/comm")).strip() == "starter":
                    os.kill(one, signal.SIGKILL)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None), err
    wait_until(lambda: not engines(cluster) and not files(cluster), every=0.2)
