"""Which Slurm is asked, and what is made of its answers."""

import os
from pathlib import Path

import pytest
from requested import requested

from hpcpy.cluster.layout import default_layout
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch.controller import Controller, check_nodes, find_controller
from hpcpy.launch.site import Site

# What `sinfo --noheader --exact --format="%P %D %c"` of Slurm 22.05 prints.
ALONE = "all* 2 16\n"
MIXED = "cpu* 3 64\ncpu* 1 128\ngpu 6 16\ngpu 2 32\n"


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a build folder without a cluster that runs."""
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["SLURM_CONF", "SLURM_CONF_SERVER"])
def test_a_slurm_that_the_environment_names_is_taken_and_told(silent: Path, name: str) -> None:
    environment = {name: f"{silent}/a site's"}
    found = find_controller("local", environment)
    assert found == Controller(environment, f"the Slurm of {name}={silent}/a site's")


def test_without_a_cluster_the_machines_own_is_asked(silent: Path) -> None:
    # What is left of a cluster that a reboot has ended.
    (silent / "cluster").mkdir()
    default_layout().conf.touch()
    for site in ("local", "carc"):
        assert find_controller(site, {"SLURM_CONF": ""}) == Controller({"SLURM_CONF": ""})


def test_a_shell_that_has_taken_in_the_clusters_variables_gets_the_cluster(silent: Path) -> None:
    environment = {"SLURM_CONF": str(silent / "cluster/slurm.conf"), "PATH": "/bin"}
    found = find_controller("local", environment)
    assert found.name == "this checkout's cluster"
    assert found.environment["PATH"] == f"{silent}/cluster/bin:/bin"
    # Another site's file has no part in it.
    assert find_controller("carc", environment).lines == ()


def slurm_that_lists(folder: Path, listed: str, **variables: str) -> Controller:
    program = folder / "sinfo"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\n")
    program.chmod(0o755)
    return Controller({"PATH": f"{folder}:{os.environ['PATH']}", **variables})


@pytest.mark.parametrize(
    ("listed", "words", "variables", "says"),
    [
        (ALONE, "--nodes=3", {}, "NODES=3: partition all has 2 nodes"),
        (
            ALONE,
            "--tasks=17",
            {},
            "17 ranks a node with CPUS=1 each: a node of partition all has 16",
        ),
        (MIXED, "--nodes=4 --tasks=4 --cpus=128", {}, ""),
        (MIXED, "--nodes=5", {}, "partition cpu has 4 nodes"),
        (MIXED, "--nodes=5 --partition=gpu", {}, ""),
        (MIXED, "--nodes=5", {"SLURM_PARTITION": "gpu"}, ""),
        (MIXED, "--nodes=5 --partition=cpu,gpu", {}, ""),
        # Slurm itself refuses a partition that does not exist; it may hide one that does.
        (MIXED, "--nodes=9 --partition=secret", {}, ""),
        ("", "--nodes=9", {}, ""),
    ],
)
def test_more_than_a_partition_has_is_refused(
    tmp_path: Path, listed: str, words: str, variables: dict[str, str], says: str
) -> None:
    controller = slurm_that_lists(tmp_path, listed, **variables)
    request, site = requested(*words.split()), Site(name="there", summary="a site")
    if says:
        with pytest.raises(UsageError, match=says):
            check_nodes(request, site, controller)
    else:
        check_nodes(request, site, controller)


def test_without_an_answer_nothing_is_refused(tmp_path: Path) -> None:
    site = Site(name="there", summary="a site")
    check_nodes(requested("--nodes=9"), site, Controller({"PATH": str(tmp_path / "no")}))
