"""The local cluster is two machines, mends itself, and goes without a trace."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, image, own, running

from hpcpy import paths
from hpcpy.cluster import processes
from hpcpy.cluster.layout import NODES, Layout
from hpcpy.cluster.node import OWN

# Bytes that one of two ranks sends the other, at least, in an allreduce of
# 8 MB with each of two algorithms.
ALLREDUCE = """
import numpy as np
from mpi4py import MPI
comm = MPI.COMM_WORLD
ones, total = np.ones(1 << 20), np.empty(1 << 20)
comm.Allreduce(ones, total)
print(comm.rank, comm.size, total.min(), total.max(), MPI.Get_processor_name())
"""


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    with own("cluster-test") as one:
        yield one


def command(layout: Layout, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hpcpy", "cluster", f"--folder={layout.folder}", *words],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hpcpy(layout: Layout, *words: str) -> str:
    with command(layout, *words) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def started(layout: Layout) -> Cluster:
    hpcpy(layout)
    return running(layout)


def links() -> list[str]:
    listed = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
    return [link["ifname"] for link in json.loads(listed)]


def left(layout: Layout) -> dict[str, object]:
    """Return all that a cluster could leave behind."""
    return {
        "processes": list(processes.marked(layout)),
        "links": [name for name in links() if name.startswith(layout.bridge)],
        "mounts": [
            line
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if str(layout.run) in line or str(layout.folder) in line
        ],
        "folders": [path for path in (layout.run, layout.folder) if path.exists()],
        "name spaces": [
            line
            for line in subprocess.run(
                ["lsns", "--output=COMMAND"], capture_output=True, text=True, check=True
            ).stdout.splitlines()
            if str(layout.folder) in line
        ],
    }


NOTHING: dict[str, object] = {
    name: [] for name in ("processes", "links", "mounts", "folders", "name spaces")
}


def of_hosts_etc() -> str:
    listed = [
        (str(path), path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in sorted(Path("/etc").rglob("*"))
    ]
    return hashlib.sha256(repr(listed).encode()).hexdigest()


def test_start_says_how_to_use_it_and_stop_leaves_nothing(layout: Layout) -> None:
    before = of_hosts_etc()
    for _ in range(2):
        said = hpcpy(layout)
        (line,) = re.findall(r"^ +(/\S+/srun -N 2 hostname)$", said, re.MULTILINE)
        done = subprocess.run(line.split(), capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(done.stdout.split()) == list(NODES)
        sourced = f". {layout.folder / 'env'} && sbatch --version && squeue --noheader"
        done = subprocess.run(
            ["sh", "-c", sourced], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("slurm")
        hpcpy(layout, "--stop")
        assert left(layout) == NOTHING
        assert "there is none" in stderr_of(layout, "--stop")
    assert of_hosts_etc() == before


def stderr_of(layout: Layout, *words: str) -> str:
    with command(layout, *words) as process:
        return process.communicate(timeout=60)[1]


def test_a_cluster_that_runs_is_left_as_it_is(layout: Layout) -> None:
    hpcpy(layout)
    before = sorted(processes.marked(layout))
    assert "it runs" in stderr_of(layout)
    assert sorted(processes.marked(layout)) == before
    assert hpcpy(layout, "--status") == "n1 idle, n2 idle\n"


def test_its_key_is_roots_alone(layout: Layout) -> None:
    hpcpy(layout)
    private = layout.run / "munge"
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / "key").stat().st_mode & 0o777 == 0o600


def test_nodes_are_machines_of_their_own(layout: Layout) -> None:
    one = started(layout)
    script = one.shared / "look"
    script.write_text(
        "#!/bin/sh\n"
        "cd /proc/self/ns && for kind in mnt net ipc pid uts; do readlink $kind; done\n"
        "for folder in /tmp /dev/shm; do echo at $folder $(ls -A $folder); done\n"
        "touch /tmp/of-$(hostname) /dev/shm/of-$(hostname)\n"
        "echo devices $(ls /sys/class/net)\n"
        "getent hosts n1 n2 | tr -s ' '\n"
    )
    script.chmod(0o755)
    said = [one.srun(f"--nodelist={name}", script) for name in NODES]
    assert [(done.returncode, done.stderr) for done in said] == [(0, ""), (0, "")]
    spaces = [set(re.findall(r"^\w+:\[\d+\]$", done.stdout, re.MULTILINE)) for done in said]
    assert [len(found) for found in spaces] == [5, 5]
    host = {str(path.readlink()) for path in Path("/proc/self/ns").iterdir()}
    assert not spaces[0] & spaces[1]
    assert not (spaces[0] | spaces[1]) & host
    for done in said:
        assert "at /tmp\nat /dev/shm\ndevices eth0 lo\n" in done.stdout
        (one_address, other) = done.stdout.splitlines()[-2:]
        assert (one_address[-2:], other[-2:]) == ("n1", "n2")
    shown = [path for folder in OWN for path in Path(folder).glob("of-n[12]")]
    assert shown == []


def sent(layout: Layout, name: str) -> int:
    # What the bridge's end receives is what the node sent.
    path = f"/sys/class/net/{layout.cable(name)}/statistics/rx_bytes"
    return int(Path(path).read_text())


@pytest.mark.parametrize("kind", ["pmi2", "pmix"])
def test_ranks_of_two_nodes_talk_over_the_network(layout: Layout, kind: str) -> None:
    inside = image()
    one = started(layout)
    before = [sent(layout, name) for name in NODES]
    done = one.srun(f"--mpi={kind}", "-N2", "-n2", *inside, "python3", "-c", ALLREDUCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["0 2 2.0 2.0 n1", "1 2 2.0 2.0 n2"]
    for name, bytes_before in zip(NODES, before, strict=True):
        assert sent(layout, name) - bytes_before > 8 << 20


def test_batch_jobs_run(layout: Layout) -> None:
    one = started(layout)
    script = one.shared / "job.sh"
    script.write_text(
        "#!/bin/sh\n#SBATCH -N2 --ntasks-per-node=2\nsrun hostname > said && mv said job.out\n"
    )
    done = one.run("sbatch", f"--output={one.shared}/job.log", script)
    assert (done.returncode, done.stderr) == (0, "")
    one.wait_for_files("job.out")
    assert sorted((one.shared / "job.out").read_text().split()) == ["n1", "n1", "n2", "n2"]
    assert (one.shared / "job.log").read_text() == ""


def test_a_dead_node_is_down_and_the_next_start_mends_it(layout: Layout) -> None:
    one = started(layout)
    script = "touch $(hostname).up && exec sleep 600"
    with one.started("-N2", "sh", "-c", script) as process:
        one.wait_for_files(*(f"{name}.up" for name in NODES))
        os.kill(one.daemon("slurmd", "n2"), signal.SIGKILL)
        one.wait_for("down", "n2")
        # srun itself waits for the dead node's task until it is told to end.
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Node failure on n2" in err
    assert "n1: task 0: Terminated" in err
    # The other node goes on.
    assert one.srun("--nodelist=n1", "hostname").stdout == "n1\n"
    assert "n2 down" in command_status(layout)
    hpcpy(layout)
    assert sorted(running(layout).srun("-N2", "hostname").stdout.split()) == list(NODES)


def command_status(layout: Layout) -> str:
    with command(layout, "--status") as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    return out


@pytest.mark.parametrize("delay", [0.15, 0.25, 0.35])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_start_may_be_stopped_at_any_point(
    layout: Layout, number: signal.Signals, delay: float
) -> None:
    hpcpy(layout, "--stop")
    with command(layout) as process:
        time.sleep(delay)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    if number == signal.SIGINT and process.returncode:
        assert process.returncode == 130
        assert "Traceback" not in err
        # Its logs alone stay.
        assert left(layout) in (NOTHING, {**NOTHING, "folders": [layout.folder]})
    hpcpy(layout)
    assert sorted(running(layout).srun("-N2", "hostname").stdout.split()) == list(NODES)


def test_a_start_that_fails_names_the_machine_and_its_log(layout: Layout) -> None:
    hpcpy(layout, "--stop")
    # A slurmd that ends at once, before the real one on PATH.
    fake = layout.folder.parent / "fake-slurmd"
    fake.mkdir(exist_ok=True)
    (fake / "slurmd").write_text("#!/bin/sh\necho slurmd 22.05.8\ntest $1 = -V || exit 3\n")
    (fake / "slurmd").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{fake}{os.pathsep}{os.environ['PATH']}")
        with command(layout) as process:
            _, err = process.communicate(timeout=60)
    (fake / "slurmd").unlink()
    fake.rmdir()
    assert process.returncode == 1
    last = err.splitlines()[-1]
    assert re.fullmatch(r"hpcpy cluster: n[12] has ended; its log: \S+/n[12]\.log", last)
    log = Path(last.rpartition(" ")[2])
    assert "slurmd ended with 3" in log.read_text()
    assert "slurmd ended with 3" in err
    assert left(layout) == {**NOTHING, "folders": [layout.folder]}
