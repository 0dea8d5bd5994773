"""A stop reaches every rank of a node's one container, and each has time to tidy up."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import launching
import pytest
from launching import SECONDS, hpcpy
from local_cluster import Cluster

import proc_files
from running import wait_until

# Whoever hears of a stop is a while about it.
PROGRAM = """
import os, signal, time
from pathlib import Path

def stop(number, _):
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    time.sleep(0.5)
    leave("tidied")
    os._exit(128 + number)

def leave(what):
    Path(__file__).with_name(f"{what}.{os.environ['SLURM_PROCID']}").touch()

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
leave("ready")
while True:
    time.sleep(0.01)
"""


def tasks(program: Path) -> list[int]:
    """Return what Slurm knows of the ranks: slurmstepd's children above them."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(program) not in proc_files.read(folder / "cmdline").split("\0"):
                continue
            process, parent = int(folder.name), parent_of(int(folder.name))
            while proc_files.read(Path("/proc") / str(parent) / "comm") != "slurmstepd\n":
                process, parent = parent, parent_of(parent)
        except OSError:
            continue
        found.add(process)
    return sorted(found)


def parent_of(process: int) -> int:
    text = proc_files.read(Path(f"/proc/{process}/stat"))
    return int(text.rpartition(")")[2].split()[1])


@pytest.fixture
def program(cluster: Cluster) -> Iterator[Path]:
    """Give the program, in a folder of its own that all nodes see."""
    with tempfile.TemporaryDirectory(dir=cluster.shared) as folder:
        program = Path(folder, "tidies.py")
        program.write_text(PROGRAM)
        yield program


def started(cluster: Cluster, sif: str, program: Path) -> subprocess.Popen[str]:
    """Start the program on four ranks as `make launch` starts a workload."""
    shown = hpcpy(cluster, "launch", "W=pi", "NODES=2", "TASKS=4", f"IMAGE={sif}", "DRY=1")
    lines = [line for line in shown.stdout.splitlines() if "hpcpy_job preflight" not in line]
    script = "\n".join(lines).replace("-m workloads pi ", f"{program} ")
    # At a first end Slurm would signal all of each group.
    script = script.replace("--kill-on-bad-exit=1", "--kill-on-bad-exit=0")
    process = launching.process(cluster, "bash", "-c", script)
    wait_until(lambda: len(list(program.parent.glob("ready.*"))) == 4, process)
    return process


# With cgroups Slurm signals its tasks alone, here all of a process group.
# On a busy node a rank may be killed before its time to tidy up is over.
@pytest.mark.long
@pytest.mark.parametrize("tracks", ["groups", "cgroups"])
def test_every_rank_of_a_shared_container_hears_of_a_stop(
    cluster: Cluster, sif: str, program: Path, tracks: str
) -> None:
    process = started(cluster, sif, program)
    if tracks == "groups":
        process.send_signal(signal.SIGINT)
    else:
        for task in tasks(program):
            os.kill(task, signal.SIGTERM)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    tidied = {path.name for path in program.parent.glob("tidied.*")}
    assert tidied == {f"tidied.{rank}" for rank in range(4)}, err
