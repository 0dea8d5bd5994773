"""``make launch``: a rank's end is told as what it was, with its own exit code."""

import pytest
import rank_ends
from launching import hpcpy, ranks
from local_cluster import Cluster
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
    """Return the launch's words for an engine and its image."""
    if request.param == "standalone":
        return "ENGINE=standalone", f"IMAGE={built()}"
    return (f"IMAGE={request.getfixturevalue('sif')}",)


@pytest.mark.parametrize(("engine", "rank", "act"), sampled(CASES, keep=4), indirect=["engine"])
def test_a_rank_ends(cluster: Cluster, engine: tuple[str, ...], rank: int, act: str) -> None:
    program = rank_ends.word(cluster.shared, rank, act)
    done = hpcpy(cluster, "launch", program, "NODES=2", "TASKS=4", *engine)
    rank_ends.check(done, rank, act)
    assert not ranks(cluster, "ends.py")
