"""``make launch``: a rank's end is told as what it was, and a stop reaches every rank."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import launching
import pytest
import rank_ends
from launching import SECONDS, hpcpy, ranks, typed
from local_cluster import Cluster, image
from standalone_host import built

import proc_files
from running import wait_until
from tiers import sampled

# Of a node's ranks Apptainer's first has the container, and its death comes another way.
PLACES = [("apptainer", 1), ("apptainer", 2), ("standalone", 1)]
CASES = [
    (*PLACES[(turn + number) % len(PLACES)], act)
    for turn in range(len(PLACES))
    for number, act in enumerate(rank_ends.ACTS)
]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> tuple[str, ...]:
    if request.param == "standalone":
        return "ENGINE=standalone", f"IMAGE={built()}"
    return (f"IMAGE={request.getfixturevalue('sif')}",)


@pytest.mark.parametrize(("engine", "rank", "act"), sampled(CASES, keep=4), indirect=["engine"])
def test_a_rank_ends(cluster: Cluster, engine: tuple[str, ...], rank: int, act: str) -> None:
    program = rank_ends.word(cluster.shared, rank, act)
    done = hpcpy(cluster, "launch", program, "NODES=2", "TASKS=4", *engine)
    rank_ends.check(done, rank, act)
    assert not ranks(cluster, "ends.py")


@pytest.mark.parametrize("act", sampled(["raise 0", "before 0", "exit 77", "Abort 256"]))
def test_so_it_does_without_the_preflight(cluster: Cluster, sif: str, act: str) -> None:
    words = (rank_ends.word(cluster.shared, 2, act), "NODES=2", "TASKS=4", f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words, env={"HPCPY_PREFLIGHT": "off"})
    rank_ends.check(done, 2, act)


def test_so_it_does_in_a_script_for_sbatch(cluster: Cluster, sif: str) -> None:
    words = (rank_ends.word(cluster.shared, 2, "raise 0"), "NODES=2", "TASKS=4", "TIME=5")
    of_batch = typed("batch", *words)[3:]
    made = hpcpy(cluster, "batch", *words, f"IMAGE={sif}", "SCRIPT=job.sh")
    assert made.returncode == 0, made.stderr
    # By its name, as a site has it on PATH.
    engine, *inside = image()
    found = {"PATH": f"{Path(engine).parent}:{cluster.environment()['PATH']}"}
    of_image = cluster.run(engine, *inside, "hpcpy", *of_batch)
    (cluster.shared / "of_image.sh").write_text(of_image.stdout)
    for script in ("job.sh", "of_image.sh"):
        error = cluster.shared / f"{script}.err"
        ran = cluster.run("sbatch", "--wait", f"--error={error}", script, env=found)
        assert ran.returncode != 0
        assert error.read_text().count("ValueError: mine\n") == 1, error.read_text()


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
