"""The local cluster ends without a trace, and is mended, whatever happened to it."""

import hashlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY
from local_cluster import cluster_of, command, daemons, hpcpy, own, started, stderr_of

import proc_files
from hpcpy.cluster import processes
from hpcpy.cluster.layout import NODES, Layout
from running import executable, printed, run, start, wait_until


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    with own("cluster-ends") as one:
        yield one


def links() -> list[str]:
    listed = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
    return [link["ifname"] for link in json.loads(listed)]


def left(layout: Layout) -> dict[str, object]:
    return {
        "processes": list(processes.marked(layout)),
        "links": [name for name in links() if name.startswith(layout.bridge)],
        "mounts": [
            line
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if str(layout.run) in line or str(layout.folder) in line
        ],
        "folders": [path for path in (layout.run, layout.folder) if path.exists()],
        # lsns would name them, too, and fails where a process ends while it reads.
        "namespaces": [words for words in proc_files.commands() if str(layout.folder) in words],
    }


NOTHING: dict[str, object] = {
    name: [] for name in ("processes", "links", "mounts", "folders", "namespaces")
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
        assert sorted(printed(run(*line.split())).split()) == list(NODES)
        sourced = f". {layout.folder / 'env'} && sbatch --version && squeue --noheader"
        assert printed(run("sh", "-c", sourced)).startswith("slurm")
        hpcpy(layout, "--stop")
        assert left(layout) == NOTHING
        assert "there is none" in stderr_of(layout, "--stop")
    assert of_hosts_etc() == before


def test_every_user_has_its_srun_whatever_roots_umask() -> None:
    # The checkout may be one that nobody else can read.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with own("cluster", Path(place)) as layout:
            done = run(*command(layout), umask=0o077)
            assert done.returncode == 0, done.stderr
            shown = printed(
                run(*AS_NOBODY, layout.bin / "srun", "--quiet", "-N2", "id", "-u", cwd="/")
            )
            assert shown.split() == ["65534"] * 2


@pytest.mark.long
def test_a_start_leaves_jobs_alone_while_the_controller_is_busy(layout: Layout) -> None:
    one = started(layout)
    ((controller, _),) = daemons(layout, "slurmctld")
    with one.started("-N2", "sh", "-c", "touch $(hostname).busy && sleep 25") as process:
        one.wait_for_files(*(f"{name}.busy" for name in NODES))
        # It is silent for longer than one question waits.
        os.kill(controller, signal.SIGSTOP)
        try:
            with start(*command(layout)) as mending:
                time.sleep(8)
                os.kill(controller, signal.SIGCONT)
                _, err = mending.communicate(timeout=300)
        finally:
            os.kill(controller, signal.SIGCONT)
        assert (mending.returncode, "it runs" in err) == (0, True), err
        assert process.communicate(timeout=300) == ("", "")
    assert process.returncode == 0
    hpcpy(layout, "--stop")


@pytest.mark.long
def test_a_dead_node_is_down_and_the_next_start_mends_it(layout: Layout) -> None:
    one = started(layout)
    script = "touch $(hostname).up && exec sleep 600"
    with one.started("-N2", "sh", "-c", script) as process:
        one.wait_for_files(*(f"{name}.up" for name in NODES))
        os.kill(one.daemon("slurmd", "n2"), signal.SIGKILL)
        one.wait_for("down", "n2")
        # srun itself waits for the dead node's task until it is told to end; what it
        # says of it, and with which code it then ends, is not the same each time.
        process.terminate()
        process.communicate(timeout=300)
    words = ("squeue", "--noheader", "--states=all", "--format=%T")
    wait_until(lambda: one.run(*words).stdout.split() == ["NODE_FAIL"], every=0.1)
    # The other node goes on.
    assert one.srun("--nodelist=n1", "hostname").stdout == "n1\n"
    status = run(*command(layout, "--status"))
    assert (status.returncode, "n2 down" in status.stdout) == (1, True)
    hpcpy(layout)
    assert sorted(cluster_of(layout).srun("-N2", "hostname").stdout.split()) == list(NODES)


def test_a_start_that_fails_names_the_machine_and_its_log(layout: Layout) -> None:
    hpcpy(layout, "--stop")
    # A slurmd that ends at once, before the real one on PATH.
    fake = layout.folder.parent / "fake-slurmd"
    executable(fake / "slurmd", "#!/bin/sh\necho slurmd 22.05.8\ntest $1 = -V || exit 3\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{fake}{os.pathsep}{os.environ['PATH']}")
        done = run(*command(layout))
    (fake / "slurmd").unlink()
    fake.rmdir()
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"hpcpy cluster: n[12] has ended; its log: \S+/n[12]\.log", last)
    log = Path(last.rpartition(" ")[2])
    assert "slurmd ended with 3" in log.read_text()
    assert "slurmd ended with 3" in done.stderr
    assert left(layout) == {**NOTHING, "folders": [layout.folder]}
