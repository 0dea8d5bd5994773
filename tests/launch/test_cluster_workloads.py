"""The workloads over two nodes: reference answers, and failures that leave no half output."""

import contextlib
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from local_cluster import SECONDS, Cluster, image, only_root

from running import wait_until
from workloads.mandel.grid import AREAS

REFERENCE = f"sha256 {AREAS['area1'].sha256}: matches the reference"
MANDEL = ("python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", "mpi-cyclic")


@only_root
def test_a_user_without_a_name_or_a_home_in_the_c_locale(cluster: Cluster) -> None:
    *inside, sif = image()
    user = ("--security=uid:12345", "--security=gid:12345", "--no-home", "--pwd=/", sif)
    variables = ("env", "HOME=/nonexistent", "LC_ALL=C", "XDG_CACHE_HOME=/proc")
    done = cluster.srun("--mpi=pmi2", "-N2", "-n2", *inside, *user, *variables, *MANDEL)
    assert done.returncode == 0
    assert done.stdout.count(REFERENCE) == 1
    # Apptainer has its say of him; we have none.
    assert {*done.stderr.splitlines()} <= {"WARNING: user: unknown userid 12345"}


WRITES = ("python3", "-m", "workloads", "mandel", "--impl", "mpi-cyclic")
# Writing its file takes long enough to be stopped in it: seconds to pack a picture.
LARGE = ("--window", "-2", "0.5", "-1.25", "1.25", "--size", "10000", "10000", "--maxiter", "50")


@pytest.fixture
def results(cluster: Cluster, request: pytest.FixtureRequest) -> Path:
    """Give an empty folder that the job writes to."""
    name = re.sub(r"\W+", "-", request.node.name)
    folder = cluster.shared / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


# scancel and a time limit are SIGTERM, and some seconds to clear up in.  An srun
# that is itself told to end has all ranks killed at once: what they were writing
# is left then under its temporary name.
@pytest.mark.long
@pytest.mark.parametrize("how", ["scancel", "Ctrl-C twice", "SIGTERM"])
def test_a_job_that_is_ended_leaves_no_half_written_output(
    cluster: Cluster, results: Path, how: str
) -> None:
    options = ("--mpi=pmi2", "-N2", "-n2", *image(), *WRITES, *LARGE)
    with cluster.started(*options, "--out", results / "out.png") as process:
        end = time.monotonic() + SECONDS
        # Its temporary name: it is being written.
        wait_until(lambda: any(results.iterdir()), process, every=0.002)
        if how == "scancel":
            assert cluster.run("scancel", f"--name={cluster.name(process)}").returncode == 0
        elif how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            # Two within a second, as srun wants them: a machine under load may need more.
            while process.poll() is None:
                assert time.monotonic() < end
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.3)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert "Fatal error" not in err
    cluster.wait_for("idle", "n1")
    assert not (results / "out.png").exists()
    if how == "scancel":
        assert list(results.iterdir()) == []
