"""The doctor in the image: it finds the image's own MPI and PoCL, and nothing to fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needed import lacking, needs

from running import in_own_process, launcher, on_ranks

DOCTOR = ["-m", "workloads", "doctor"]


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    assert content["ok"] is True
    found = {each["name"]: each for each in content["findings"]}
    assert not [name for name in found if name.endswith(".check")]
    return found


def test_alone() -> None:
    found = findings(in_own_process(sys.executable, *DOCTOR, "--json"))
    library = found["mpi.library"]["value"]
    assert library["path"].startswith("/opt/mpich/lib/libmpi.so.12")
    assert (library["soname"], library["family"]) == ("libmpi.so.12", "mpich")
    if not lacking("pyopencl"):
        assert found["opencl.devices"]["value"] == ["Portable Computing Language"]
    assert found["fabric.used"]["value"]
    assert found["mpi.ranks"]["value"] == 1
    assert found["python.where"]["detail"].endswith(sys.executable)


def test_on_ranks_one_reports_for_all() -> None:
    found = findings(on_ranks(3, *DOCTOR, "--json"))
    assert (found["mpi.ranks"]["status"], found["mpi.ranks"]["value"]) == ("ok", 3)
    assert found["cpu.binding"]["detail"].startswith("3 ranks here")
    assert found["fabric.used"]["value"] == "tcp"
    assert len(found["mpi.ranks"]["hosts"]) == 1


def test_several_nodes_are_told_together_and_apart() -> None:
    # MPICH then takes each rank for alone on its node.
    ranks: list[object] = []
    for node, more in (("n1", []), ("n2", ["-env", "TMPDIR", "/nonexistent"]), ("n3", [])):
        words = ["-n", "1", "-env", "SLURMD_NODENAME", node, *more, sys.executable]
        ranks += [*([":"] if ranks else []), *words, *DOCTOR, "--quick", "--json"]
    mpiexec = launcher(1)[0]
    done = in_own_process("env", "MPIR_CVAR_NOLOCAL=1", mpiexec, *ranks)
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    assert content["hosts"] == ["n1", "n2", "n3"]
    where = {each["hosts"][0]: each for each in content["findings"] if each["name"] == "user.tmp"}
    assert where["n1"]["hosts"] == ["n1", "n3"]
    assert (where["n2"]["status"], where["n2"]["hosts"]) == ("warn", ["n2"])
    assert sum(each["name"] == "mpi.ranks" for each in content["findings"]) == 1


def test_as_text() -> None:
    done = on_ranks(2, *DOCTOR, "--quick")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("mpi.library") == 1
    assert done.stdout.splitlines()[-1].startswith("0 failed")


@pytest.mark.parametrize(
    ("promises", "code"),
    [
        ('mpi = "mpich"\nmpi_library = "/opt/mpich"', 0),
        pytest.param('opencl = ["portable"]', 0, marks=needs("pyopencl")),
        ('fabric = "cxi"', 1),
        ("gpus = 1000", 1),
        ("color = 1", 2),
    ],
)
def test_the_exit_code_is_the_sites(tmp_path: Path, promises: str, code: int) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f"[promises]\n{promises}\n")
    done = in_own_process(sys.executable, *DOCTOR, "--site", site)
    assert done.returncode == code
    assert done.stderr.count("\n") == int(code == 2)


def test_processes_that_do_not_see_each_other_fail() -> None:
    command = [sys.executable, *DOCTOR, "--quick"]
    step = ["env", "SLURM_STEP_NUM_TASKS=3"]
    first = in_own_process(*step, "SLURM_PROCID=0", *command)
    other = in_own_process(*step, "SLURM_PROCID=1", *command)
    assert (first.returncode, other.returncode) == (1, 1)
    assert "every rank is rank 0 of 1" in first.stdout
    assert other.stdout == ""


def test_a_library_that_is_named_is_the_one_that_is_found(tmp_path: Path) -> None:
    site = tmp_path / "libmpi.so.12"
    site.write_bytes(Path("/opt/mpich/lib/libmpi.so.12").read_bytes())
    command = [sys.executable, *DOCTOR, "--only", "mpi,glibc", "--json"]
    found = findings(in_own_process("env", f"LD_LIBRARY_PATH={tmp_path}", *command))
    assert found["mpi.library"]["value"]["path"] == str(site)
    assert "libraries of MPI and the site (1) want at most 2." in found["glibc.version"]["detail"]
