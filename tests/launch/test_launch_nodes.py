"""A launch that loses its job ends, and leaves nothing on the nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import SECONDS, hpcpy, nothing_is_left, start, wait_until_ready, waiting_program
from local_cluster import Cluster, own, started
from standalone_host import staged

from hpcpy.cluster.layout import NODES
from running import wait_until

pytestmark = pytest.mark.long

# Its name tells it from other tests' ranks.
WAITS = "waits-on-nodes.py"
SIZE = ("NODES=2", "TASKS=4")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give a cluster of these tests' alone, whole at the start of each."""
    with own("launch-nodes") as layout:
        yield started(layout)


def copies(cluster: Cluster) -> list[Path]:
    """Return the staged images on the nodes, as their daemons see them."""
    roots = [Path(f"/proc/{cluster.daemon('slurmd', name)}/root") for name in NODES]
    names = ("hpcpy-*/*.sif", "hpcpy-*/hpcpy-python")
    return [path for root in roots for name in names for path in (root / "tmp").glob(name)]


def wait_for_copies(cluster: Cluster, count: int) -> None:
    wait_until(lambda: len(copies(cluster)) == count, shows=lambda: copies(cluster))


def the_job(cluster: Cluster) -> str:
    (number,) = cluster.run("squeue", "--noheader", "--format=%i").stdout.split()
    return number


@pytest.mark.parametrize("kind", ["sif", "standalone"])
@pytest.mark.parametrize("when", ["running", "copying"])
def test_a_staged_copy_goes_with_a_cancelled_job(
    cluster: Cluster, request: pytest.FixtureRequest, kind: str, when: str
) -> None:
    program = waiting_program(cluster, WAITS)
    process = start(cluster, program, *SIZE, *staged(kind, request))
    wait_for_copies(cluster, 2)
    if when == "running":
        wait_until_ready(cluster, WAITS, 4)
    assert cluster.run("scancel", the_job(cluster)).returncode == 0
    process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    nothing_is_left(cluster, WAITS)
    wait_for_copies(cluster, 0)


@pytest.mark.parametrize("kind", ["sif", "standalone"])
def test_a_staged_copy_goes_with_a_cancelled_batch_job(
    cluster: Cluster, request: pytest.FixtureRequest, kind: str
) -> None:
    script = cluster.shared / "staged.sbatch"
    program = waiting_program(cluster, WAITS)
    words = (program, *SIZE, *staged(kind, request), f"SCRIPT={script}")
    assert hpcpy(cluster, "batch", *words).returncode == 0
    done = cluster.run("sbatch", f"--output={cluster.shared}/staged.out", script)
    assert done.returncode == 0, done.stderr
    wait_until_ready(cluster, WAITS, 4)
    assert len(copies(cluster)) == 2
    assert cluster.run("scancel", the_job(cluster)).returncode == 0
    nothing_is_left(cluster, WAITS)
    wait_for_copies(cluster, 0)
