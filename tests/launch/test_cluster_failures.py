"""What goes wrong in a job ends it: no hang, no half-written output."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from local_cluster import SECONDS, Cluster, image, only_root

MANDEL = ("python3", "-m", "workloads", "mandel", "--impl", "mpi-dynamic")
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
    options = ("--mpi=pmi2", "-N2", "-n2", *image(), *MANDEL, *LARGE)
    with cluster.started(*options, "--out", results / "out.png") as process:
        end = time.monotonic() + SECONDS
        # Its temporary name: it is being written.
        while not any(results.iterdir()):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end
            time.sleep(0.002)
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


@only_root
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(
    cluster: Cluster, results: Path
) -> None:
    # A file system of 1 MB, in each task's own mount namespace, for 4 MB.
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && "$@"; code=$?; ls -A "$0"; exit $code'
    mounted = ("unshare", "--mount", "sh", "-c", script, results)
    out = ("--area", "area1", "--out", results / "out.npy")
    *inside, sif = image()
    bound = (f"--bind={results}", sif)
    options = ("--mpi=pmi2", "-N2", "-n2")
    done = cluster.srun(*options, *mounted, *inside, *bound, *MANDEL, *out)
    # The rank's own code is 73; of ranks that are aborted Slurm tells 128 + 9.
    assert done.returncode in (73, 137)
    assert "out.npy" not in done.stdout
    assert re.findall("^mandel: .*", done.stderr, re.MULTILINE) == [
        f"mandel: {results / 'out.npy'}: No space left on device"
    ]
    assert "Traceback" not in done.stderr
