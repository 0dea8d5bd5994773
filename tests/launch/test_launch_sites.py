"""What a site file says of places and variables, and how a job of another size takes a launch."""

from pathlib import Path

import pytest
from launching import SECONDS, hpcpy, typed
from local_cluster import Cluster

from hpcpy.core import paths
from running import executable
from small_standalone import make_standalone


@pytest.fixture
def staged(cluster: Cluster, tmp_path: Path) -> tuple[str, ...]:
    """Give the words of a launch of a shell that passes for the one file."""
    # Of `-m hpcpy_job preflight …` it takes the first for an option, the second for a script.
    (cluster.shared / "hpcpy_job").write_text('echo "ran $PATH"\n')
    return "W=pi", "ENGINE=standalone", f"IMAGE={make_standalone(tmp_path / 'sh')}", "MPI=pmi2"


def site(cluster: Cluster, name: str, text: str) -> str:
    file = cluster.shared / f"{name}.toml"
    file.write_text(f"summary = 's'\n{text}\n")
    return f"SITE={file}"


def test_a_job_of_more_nodes_than_the_launch_gets_the_copy(
    cluster: Cluster, staged: tuple[str, ...]
) -> None:
    done = cluster.run(
        *("salloc", "--quiet", "--nodes=2", "--ntasks=2"),
        *typed("launch", *staged, "NODES=1"),
        env={"PYTHONPATH": str(paths.ROOT / "src")},
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout[:4]) == (0, "ran "), done.stderr


def test_a_node_without_the_folder_for_copies_is_named(
    cluster: Cluster, staged: tuple[str, ...]
) -> None:
    there = site(cluster, "no-place", "node_local = '/no/such'")
    for _ in range(4):
        done = hpcpy(cluster, "launch", *staged, "NODES=2", there)
        assert (done.returncode, done.stdout) == (73, "")
        line = done.stderr.splitlines()[-1]
        assert ": no copy of the image in /no/such/hpcpy-" in line
        assert ": No such file or directory; node_local in the site file" in line


def test_the_ranks_variables_are_not_the_jobs(cluster: Cluster, staged: tuple[str, ...]) -> None:
    ours = site(cluster, "own-path", "[environment]\nPATH = '/x:$SLURM_JOB_ID'")
    done = hpcpy(cluster, "launch", *staged, ours)
    assert (done.returncode, done.stdout[:7]) == (0, "ran /x:"), done.stderr


@pytest.mark.parametrize("kind", ["allocation", "step"])
def test_an_option_that_slurm_does_not_know_is_named(cluster: Cluster, kind: str) -> None:
    wrong = site(cluster, f"option-{kind}", f"[options]\n{kind} = ['--no-such']")
    done = hpcpy(cluster, "launch", "W=pi", "ENGINE=none", "IMAGE=/bin/echo", wrong)
    assert (done.returncode, done.stdout) == (255, "")
    says = "hpcpy launch: Slurm refuses an option: unrecognized option '--no-such'"
    assert done.stderr.splitlines()[-1] == says


def in_salloc(cluster: Cluster, name: str, program: str, setup: str = "true") -> tuple[str, ...]:
    """Give the words of a launch of a shell's program, by a site whose lines need a job."""
    image = executable(cluster.shared / name, f"#!/bin/sh\n{program}\n")
    lines = f'setup = ["""{setup}"""]\nnode_local = "/$SLURM_JOB_ID"'
    return "W=pi", "ENGINE=none", f"IMAGE={image}", site(cluster, name, lines)


@pytest.mark.parametrize(
    ("line", "code"),
    [("trap 'exit 0' EXIT", 3), ("exec true", 69), ("srun() { true; }", 3)],
)
def test_a_line_of_setup_makes_no_success_of_a_failure(
    cluster: Cluster, line: str, code: int
) -> None:
    words = in_salloc(cluster, f"setup-{line.partition(' ')[0]}", "exit 3", line)
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
