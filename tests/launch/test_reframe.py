"""The checks of reframe/, run by ReFrame itself: on this machine and on the local Slurm."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from local_cluster import Cluster

from hpcpy.cluster.layout import ENGINE_FOLDER
from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.engine.venv import ensure_venv
from running import run

CHECKS = {"HpcpyStart", "HpcpyMandel", "HpcpyReduce", "HpcpyParallelHdf5", "HpcpyDoctor"}
FIGURES = {
    "HpcpyStart": {"pass_path_calls", "pass_wall", "numpy_path_calls", "numpy_wall"},
    "HpcpyMandel": {"area1_wall", "area2_wall"},
    "HpcpyReduce": {"allreduce_8MB"},
    "HpcpyParallelHdf5": {"write_wall"},
    "HpcpyDoctor": {"warnings"},
}


class ReFrame:
    """ReFrame, with a folder for all that it writes."""

    def __init__(self, folder: Path, sif: str, variables: Mapping[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        programs = f"{prefix.find_apptainer().parent}{os.pathsep}{variables['PATH']}"
        images = {"HPCPY_SIF": sif, "HPCPY_CUDA_SIF": sif}
        self.folder = folder
        # For ReFrame's own logs: with TMPDIR the jobs would have it, too.
        places = {"HOME": str(folder), "TEMP": str(folder)}
        self.variables = {**variables, **images, **places, "PATH": programs}
        self.variables.pop("TMPDIR", None)

    def run(self, *options: str) -> tuple[int, str]:
        command = [
            str(ensure_venv("reframe") / "bin/reframe"),
            *("--nocolor", f"--prefix={self.folder}"),
            f"--config-file={paths.ROOT / 'reframe/settings.py'}",
            f"--checkpath={paths.ROOT / 'reframe/hpcpy_checks.py'}",
            f"--report-file={self.folder / 'report.json'}",
        ]
        pipes = {"capture_output": False, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        places = {"env": self.variables, "cwd": self.folder}
        done = run(*command, *options, **places, **pipes, timeout=1800)
        return done.returncode, done.stdout

    def cases(self) -> dict[str, dict[str, Any]]:
        (last,) = json.loads((self.folder / "report.json").read_text())["runs"]
        return {case["name"]: case for case in last["testcases"]}

    def scripts(self) -> dict[str, str]:
        found = self.folder.rglob("rfm_job.sh")
        return {path.parent.name: path.read_text() for path in found}


def test_a_centres_jobs_are_written(tmp_path: Path, sif: str) -> None:
    machine = ReFrame(tmp_path, sif, os.environ)
    code, said = machine.run("--dry-run", "--system=centre")
    assert code == 0, said
    scripts = machine.scripts()
    # Where a partition has the feature "cuda", and on both partitions the others.
    assert set(scripts) == CHECKS | {"HpcpyGpu"}
    assert len(machine.cases()) == 6
    assert "\n#SBATCH --gpus-per-node=1\n" in scripts["HpcpyGpu"]
    assert re.search(r"^srun apptainer exec .* --nv .* python -m", scripts["HpcpyGpu"], re.M)
    assert "\n#SBATCH --ntasks-per-node=2\n" in scripts["HpcpyReduce"]


@pytest.mark.long
def test_all_pass_on_two_nodes_of_slurm(cluster: Cluster, sif: str) -> None:
    variables = cluster.environment({"APPTAINER_CONFIGDIR": ENGINE_FOLDER})
    slurm = ReFrame(cluster.shared / "reframe", sif, variables)
    code, said = slurm.run("--run", "--system=cluster")
    assert code == 0, said
    cases = slurm.cases()
    assert {name: case["result"] for name, case in cases.items()} == dict.fromkeys(CHECKS, "pass")
    for name, case in cases.items():
        values = {key.rpartition(":")[2]: value for key, value in case["perfvalues"].items()}
        assert set(values) == FIGURES[name]
        # Value, reference, lower and upper limit, unit: none has a limit.
        assert all(value[2:4] == [None, None] for value in values.values())
