"""``make launch``: a rank's end is told as what it was, with its own exit code."""

from pathlib import Path

import pytest
import rank_ends
from launching import hpcpy, ranks, typed
from local_cluster import Cluster, image
from standalone_host import built

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
