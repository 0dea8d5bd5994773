"""The shell commands around a rank of ``podman-hpc shared-run``."""

from __future__ import annotations

import subprocess

import pytest

from hpcpy.launch.one_container import before_the_engine


@pytest.mark.parametrize(
    ("tasks_per_node", "here"),
    [
        ("1", [1]),
        ("2(x2)", [2, 2]),
        ("6,1", [6, 1]),
        ("3(x2),1,2", [3, 3, 1, 2]),
        ("12(x10),1", [*[12] * 10, 1]),
    ],
)
def test_each_node_is_told_its_own_number_of_ranks(tasks_per_node: str, here: list[int]) -> None:
    told = 'eval echo "\\$$PODMANHPC_TASKS_PER_NODE_VAR $USER $*"; eval "printf %s, $HPCPY_PROGRAM"'
    for node, ranks in enumerate(here):
        said = subprocess.run(
            [
                "bash",
                "-c",
                before_the_engine(),
                "sh",
                "-c",
                told,
                "engine",
                "a b",
                "--",
                "x",
                "--help",
                "y 'z",
            ],
            env={"SLURM_NODEID": str(node), "SLURM_STEP_TASKS_PER_NODE": tasks_per_node},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        (options, program) = said.splitlines()
        assert options.split()[0] == str(ranks)
        assert options.split()[2:] == ["a", "b"]
        assert program == "x,--help,y 'z,"
