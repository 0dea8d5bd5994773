"""Which Slurm is asked, and what is made of its answers."""

from pathlib import Path

import pytest

from hpcpy.launch.controller import Controller, find_controller


@pytest.mark.parametrize("name", ["SLURM_CONF", "SLURM_CONF_SERVER"])
def test_a_slurm_that_the_environment_names_is_taken_and_told(build: Path, name: str) -> None:
    environment = {name: f"{build}/a site's"}
    found = find_controller("local", environment)
    assert found == Controller(environment, f"the Slurm of {name}={build}/a site's")


def test_without_a_cluster_the_machines_own_is_asked(build: Path) -> None:
    # What is left of a cluster that a reboot has ended.
    (build / "cluster").mkdir()
    conf = build / "cluster/slurm.conf"
    conf.write_text("AuthInfo=socket=/run/hpcpy-cluster-of-before/munge.socket\n")
    for site in ("local", "carc"):
        assert find_controller(site, {"SLURM_CONF": ""}) == Controller({"SLURM_CONF": ""})


def test_a_shell_that_has_taken_in_the_clusters_variables_gets_the_cluster(build: Path) -> None:
    environment = {"SLURM_CONF": str(build / "cluster/slurm.conf"), "PATH": "/bin"}
    found = find_controller("local", environment)
    assert found.name == "this checkout's cluster"
    assert found.environment["PATH"] == f"{build}/cluster/bin:/bin"
    # Another site's file has no part in it.
    assert find_controller("carc", environment).lines == ()
