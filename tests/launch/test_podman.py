"""The archive under podman: loaded once, started with no power at all, and over two nodes."""

import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import image_in_podman
import pytest
from launching import SECONDS, wait_until_ready, waiting_program
from local_cluster import Cluster, only_root
from site_user import User

from hpcpy.core import paths
from running import printed, run, wait_until

# Its storage has the image in a minute.
pytestmark = pytest.mark.long

# What a careful site takes away.
LEAST = ("--read-only", "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges")
NOT_EVEN_TMP = ("--read-only-tmpfs=false",)
# A user who has no name and no home in the image.
STRANGER = ("--user=54321:54321",)
MANDEL = ("python", "-m", "workloads", "mandel")
RANKS = ("mpiexec", "-n", "2", "python", "-c")
HELLO = (
    "import numpy; from mpi4py import MPI; w = MPI.COMM_WORLD;"
    "print(w.allreduce(numpy.ones(2)).sum(), flush=True)"
)
Podman = tuple[list[str], dict[str, str]]


@pytest.fixture(scope="module")
def podman() -> Podman:
    return image_in_podman.loaded()


def output(podman: Podman, options: tuple[str, ...], *words: str) -> str:
    command, variables = podman
    start = (*command, "run", "--rm", *LEAST, *options, image_in_podman.NAME)
    return printed(run(*start, *words, env={**os.environ, **variables}))


def test_its_own_user_computes(podman: Podman) -> None:
    assert output(podman, (), "id", "-un") == "hpcpy\n"
    assert "matches the reference" in output(podman, (), *MANDEL, "--area", "area1")


def test_ranks_start_without_any_power(podman: Podman) -> None:
    lines = output(podman, STRANGER, "cat", "/proc/self/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    # 2: a filter, podman's default profile.
    assert status["Seccomp"] == "2"
    for options in (NOT_EVEN_TMP, STRANGER):
        assert output(podman, options, *RANKS, HELLO) == "4.0\n" * 2


def test_images_lie_below_the_cache_and_the_wrapper_finds_them(podman: Podman) -> None:
    command, variables = podman
    done = run(*command, "info", "--format", "json", env={**os.environ, **variables})
    assert json.loads(done.stdout)["store"]["graphRoot"].startswith(str(paths.cache_dir()))
    wrapper = paths.TOOLS / "bin/podman"
    printed(run(wrapper, "run", "--rm", "--network=none", image_in_podman.NAME, "true"))


@pytest.fixture(scope="module")
def user(cluster: Cluster) -> Iterator[User]:
    image_in_podman.loaded()
    its_own = {
        # The podman that has the settings of this machine, and its images.
        "PATH": os.pathsep.join([str(paths.TOOLS / "bin"), os.environ.get("PATH", os.defpath)]),
        "HPCPY_CACHE": str(paths.cache_dir().parent),
    }
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="user.") as name:
        own = dataclasses.replace(cluster, shared=Path(name))
        yield User(own, "podman", image_in_podman.NAME, Path(sys.executable), 0, its_own)


@only_root
def test_two_nodes_have_the_answers(user: User) -> None:
    user.has_the_answers_of_two_nodes()


# podman has no time to end them: Slurm kills it.
@only_root
def test_no_container_outlives_a_job_that_slurm_kills(user: User) -> None:
    program = waiting_program(user.cluster, "waits-in-podman.py")
    with user.started(program, "NODES=2", "TASKS=4") as process:
        wait_until_ready(user.cluster, "waits-in-podman.py", 4)
        (job,) = user.cluster.run("squeue", "--noheader", "--format=%i").stdout.split()
        user.cluster.run("scancel", "--signal=KILL", job)
        process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    listed = (paths.TOOLS / "bin/podman", "ps", "--all", "--quiet")
    wait_until(lambda: not printed(run(*listed)), every=0.5)
