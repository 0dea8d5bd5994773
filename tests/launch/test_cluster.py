"""The local cluster is two machines that run what users submit."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import hpcpy, own, started, stderr_of

from hpcpy.cluster import processes
from hpcpy.cluster.layout import NODES, Layout
from hpcpy.core import paths
from running import executable

OWN = ("/tmp", "/dev/shm")  # noqa: S108


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    with own("cluster-test") as one:
        yield one


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
    script = executable(
        one.shared / "look",
        "#!/bin/sh\n"
        "cd /proc/self/ns && for kind in mnt net ipc pid uts; do readlink $kind; done\n"
        "for folder in /tmp /dev/shm; do echo at $folder $(ls -A $folder); done\n"
        "touch /tmp/of-$(hostname) /dev/shm/of-$(hostname)\n"
        "echo devices $(ls /sys/class/net)\n"
        "getent hosts n1 n2 | tr -s ' '\n",
    )
    said = [one.srun(f"--nodelist={name}", script) for name in NODES]
    assert [(done.returncode, done.stderr) for done in said] == [(0, ""), (0, "")]
    spaces = [set(re.findall(r"^\w+:\[\d+\]$", done.stdout, re.MULTILINE)) for done in said]
    assert [len(found) for found in spaces] == [5, 5]
    host = {str(path.readlink()) for path in Path("/proc/self/ns").iterdir()}
    assert not spaces[0] & spaces[1]
    assert not (spaces[0] | spaces[1]) & host
    # Of the machine's /tmp what all nodes share, where that lies there.
    shared = [path for path in (paths.ROOT, paths.cache_dir()) if path.is_relative_to(OWN[0])]
    there = " ".join(sorted({"apptainer", *(path.parts[2] for path in shared)}))
    for done in said:
        assert f"at /tmp {there}\nat /dev/shm\ndevices eth0 lo\n" in done.stdout
        (one_address, other) = done.stdout.splitlines()[-2:]
        assert (one_address[-2:], other[-2:]) == ("n1", "n2")
    shown = [path for folder in OWN for path in Path(folder).glob("of-n[12]")]
    assert shown == []
