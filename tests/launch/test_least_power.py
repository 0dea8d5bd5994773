"""The image starts numpy and MPI with no power at all: what a careful site takes away."""

from __future__ import annotations

import os
import subprocess

import docker_profile
import image_in_podman
import pytest

from hpcpy.build.graph import the_graph
from hpcpy.build.oci import archive_path
from hpcpy.engine.podman import podman_command
from hpcpy.engine.prefix import layout

ARCHIVE = archive_path(the_graph().image("hpcpy"))
if not ARCHIVE.exists():
    pytest.skip(f"{ARCHIVE} is not there; run: make image", allow_module_level=True)

LEAST = ("--read-only", "--network=none", "--cap-drop=all", "--security-opt=no-new-privileges")
NOT_EVEN_TMP = ("--read-only-tmpfs=false",)
# A user who has no name and no home in the image.
STRANGER = ("--user=54321:54321",)
NUMPY = "import numpy; print(numpy.arange(5).sum())"
HELLO = "from mpi4py import MPI; w = MPI.COMM_WORLD; print(w.allreduce(w.rank), w.size, flush=True)"

Podman = tuple[list[str], dict[str, str]]


@pytest.fixture(scope="module")
def podman() -> Podman:
    argv, env = podman_command()
    image_in_podman.load(ARCHIVE, argv, env)
    return argv, env


def run(podman: Podman, options: tuple[str, ...], *words: str) -> str:
    argv, env = podman
    done = subprocess.run(
        [*argv, "run", "--rm", *LEAST, *options, image_in_podman.NAME, *words],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    profile = docker_profile.write(tmp_path_factory.mktemp("profile"), layout().debian)
    return (f"--security-opt=seccomp={profile}",)


def test_the_engine_has_taken_all_power(podman: Podman) -> None:
    told = dict(
        line.split(":\t", 1)
        for line in run(podman, (), "cat", "/proc/self/status").splitlines()
        if ":\t" in line
    )
    assert {told[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {"0" * 16}
    assert told["NoNewPrivs"] == "1"
    # 2: a filter, podman's default profile.
    assert told["Seccomp"] == "2"


def numpy_and_mpi_work(podman: Podman, options: tuple[str, ...]) -> None:
    assert run(podman, options, "python", "-c", NUMPY) == "10\n"
    said = run(podman, options, "mpiexec", "-n", "2", "python", "-c", HELLO)
    assert said == "1 2\n1 2\n"


@pytest.mark.parametrize("options", [(), NOT_EVEN_TMP, STRANGER], ids=" ".join)
def test_numpy_and_mpi_work(podman: Podman, options: tuple[str, ...]) -> None:
    numpy_and_mpi_work(podman, options)


def test_numpy_and_mpi_work_under_dockers_profile(podman: Podman, docker: tuple[str, ...]) -> None:
    # Docker's refuses a user namespace, which podman's allows.
    new = ("python", "-c", "import os; os.unshare(os.CLONE_NEWUSER)")
    run(podman, (), *new)
    with pytest.raises(AssertionError, match="permitted"):
        run(podman, docker, *new)
    numpy_and_mpi_work(podman, docker)
