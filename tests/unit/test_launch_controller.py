"""Which Slurm is asked, and what is made of its answers."""

import os
from pathlib import Path

import pytest
from requested import requested

from hpcpy.cluster.layout import default_layout
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch.controller import Controller, check_nodes, find_controller
from hpcpy.launch.plan import CurrentJob
from hpcpy.launch.site import Site

# What `sinfo --noheader --exact --format="%P %D %c %G"` of Slurm 22.05 prints.
ALONE = "all* 2 16 (null)\n"
MIXED = "cpu* 3 64 (null)\ncpu* 1 128 nvme:1\ngpu 6 16 (null)\ngpu 2 32 gpu:a100:4(S:0-1)\n"


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
    program.write_text(f"#!/bin/sh\necho \"$@\" >{folder}/asked\ncat <<'END'\n{listed}END\n")
    program.chmod(0o755)
    return Controller({"PATH": f"{folder}:{os.environ['PATH']}", **variables})


@pytest.mark.parametrize(
    ("listed", "words", "variables", "says"),
    [
        (ALONE, (), {}, "GPUS=1: no node of partition all has a GPU"),
        (MIXED, (), {}, "partition cpu has a GPU; these have: PARTITION=gpu"),
        (MIXED, ("--partition=gpu",), {}, ""),
        (MIXED, ("--partition=cpu",), {}, "no node of partition cpu has a GPU"),
        (MIXED, (), {"SLURM_PARTITION": "gpu"}, ""),
        # Slurm itself refuses a partition that does not exist; it may hide one that does.
        (MIXED, ("--partition=secret",), {}, ""),
        ("", (), {}, ""),
    ],
)
def test_gpus_are_refused_where_slurm_says_that_there_are_none(
    tmp_path: Path, listed: str, words: tuple[str, ...], variables: dict[str, str], says: str
) -> None:
    controller = slurm_that_lists(tmp_path, listed, **variables)
    request = requested("--gpus=1", *words)
    site = Site(name="there", summary="a site")
    if says:
        with pytest.raises(UsageError, match=says):
            check_nodes(request, site, controller, None)
    else:
        check_nodes(request, site, controller, None)


def test_of_a_job_its_own_nodes_are_asked(tmp_path: Path) -> None:
    controller = slurm_that_lists(tmp_path, "gpu 2 16 (null)\n", SLURM_JOB_NODELIST="n[1-2]")
    request, site = requested("--gpus=1"), Site(name="there", summary="a site")
    with pytest.raises(UsageError, match="no node of this job has a GPU"):
        check_nodes(request, site, controller, CurrentJob(2, is_in_step=False))
    assert "--nodes=n[1-2]" in (tmp_path / "asked").read_text()


def test_without_an_answer_nothing_is_refused(tmp_path: Path) -> None:
    site = Site(name="there", summary="a site")
    check_nodes(requested("--gpus=1"), site, Controller({"PATH": str(tmp_path / "no")}), None)
