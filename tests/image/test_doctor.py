"""The doctor, and the look at a job before its program, with the image's own MPI."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from running import in_own_process, launcher, on_ranks, printed, refusal, run

DOCTOR = ["-m", "hpcpy_job", "doctor"]


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
    assert library["family"] == "mpich"
    assert found["mpi.ranks"]["value"] == 1
    assert found["python.where"]["detail"].endswith(sys.executable)


def test_a_library_that_wants_a_newer_c_library_is_named_with_it(tmp_path: Path) -> None:
    content = Path("/opt/mpich/lib/libmpi.so.12").read_bytes()
    newest = max(re.findall(rb"GLIBC_2\.[0-9]{2}\0", content))
    (tmp_path / "libmpi.so.12").write_bytes(content.replace(newest, b"GLIBC_9.99\0"))
    words = [*DOCTOR, "--only", "mpi"]
    done = in_own_process("env", f"LD_LIBRARY_PATH={tmp_path}", sys.executable, *words)
    assert (done.returncode, done.stderr) == (1, "")
    assert "mpi.library" in done.stdout
    assert "version `GLIBC_9.99' not found" in done.stdout


def test_on_ranks_one_reports_for_all() -> None:
    found = findings(on_ranks(3, *DOCTOR, "--json"))
    assert (found["mpi.ranks"]["status"], found["mpi.ranks"]["value"]) == ("ok", 3)
    assert found["cpu.binding"]["detail"].startswith("3 ranks here")
    assert found["fabric.used"]["value"] == "tcp"
    (library,) = found["fabric.library"]["value"]
    assert (library["name"], library["is_mounted"]) == ("libfabric", False)
    assert found["fabric.memory"]["value"] is True
    assert "fabric.speed" not in found
    assert len(found["mpi.ranks"]["hosts"]) == 1


def test_several_nodes_are_told_together_and_apart() -> None:
    # MPICH then takes each rank for alone on its node.
    ranks: list[object] = []
    for node, more in (("n1", []), ("n2", ["-env", "TMPDIR", "/nonexistent"]), ("n3", [])):
        words = ["-n", "1", "-env", "SLURMD_NODENAME", node, *more, sys.executable]
        ranks += [*([":"] if ranks else []), *words, *DOCTOR, "--quick", "--json"]
    mpiexec = launcher(1)[0]
    shown = printed(in_own_process("env", "MPIR_CVAR_NOLOCAL=1", mpiexec, *ranks))
    content = json.loads(shown)
    assert content["hosts"] == ["n1", "n2", "n3"]
    where = {each["hosts"][0]: each for each in content["findings"] if each["name"] == "user.tmp"}
    assert where["n1"]["hosts"] == ["n1", "n3"]
    assert (where["n2"]["status"], where["n2"]["hosts"]) == ("warn", ["n2"])
    assert sum(each["name"] == "mpi.ranks" for each in content["findings"]) == 1
    (speed,) = [each["value"] for each in content["findings"] if each["name"] == "fabric.speed"]
    assert speed["nodes"] == ["n1", "n2"]
    assert min(speed["bandwidth"], speed["latency"]) > 0


WRAPPED = ["-m", "hpcpy_job", "preflight"]
PROGRAM = "import sys\nfrom mpi4py import MPI\nprint(MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size)\n"
# What a launcher that runs these tests might have.
NO_LAUNCHER = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PMI", "SLURM_", "OMPI_", "HPCPY_PREFLIGHT", "MPI_"))
    and not name.endswith("_NUM_THREADS")
}


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


def start(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, *words, env={**NO_LAUNCHER, **variables})


def test_ranks_that_see_each_other_hear_nothing(script: Path) -> None:
    assert sorted(printed(on_ranks(3, *WRAPPED, script)).splitlines()) == ["0 3", "1 3", "2 3"]


def apart(script: Path, **variables: str) -> list[subprocess.CompletedProcess[str]]:
    """Start three processes as ``srun --mpi=none -n 3`` does."""
    numbers = {"SLURM_STEP_NUM_TASKS": "3", **variables}
    return [start(*WRAPPED, script, SLURM_PROCID=str(i), **numbers) for i in range(3)]


def test_a_bound_core_that_all_share_is_one_warning(script: Path) -> None:
    code = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    if os.cpu_count() == 1:
        pytest.skip("one core: there is nothing to bind to")
    done = on_ranks(3, "-c", code, *WRAPPED, script)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("preflight: warning: cpu.binding: all 3 ranks are bound to core ")


def test_a_broken_promise_ends_all_ranks_and_is_said_once(script: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[promises]\nmpi = "openmpi"\n')
    done = on_ranks(3, *WRAPPED, "--site", site, script)
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if line.startswith("preflight:")]
    assert len(lines) == 1
    assert "openmpi is promised, and MPI's ABI is mpich" in lines[0]
    assert "0 3" not in done.stdout


ONLY_RANK = {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}
NOT_KNOWN = "is promised, and whether it is there is not known; to know it: srun "


@pytest.mark.parametrize(
    ("promise", "variables", "code", "says"),
    [
        ('mpi = "mpich"\nmpi_library = "/opt/mpich/"\nfabric = "tcp"', ONLY_RANK, 0, ""),
        ('mpi = "openmpi"', ONLY_RANK, 78, "openmpi is promised, and MPI's ABI is mpich"),
        ('mpi = "openmpi"', {}, 0, NOT_KNOWN),
        ('mpi = "mpich"', {**ONLY_RANK, "MPI4PY_RC_INITIALIZE": "0"}, 0, NOT_KNOWN),
    ],
)
def test_of_one_rank_a_promise_is_kept_broken_or_not_known(
    script: Path, tmp_path: Path, *, promise: str, variables: dict[str, str], code: int, says: str
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f"[promises]\n{promise}\n")
    script.write_text("print('runs')")
    done = start(*WRAPPED, "--site", site, script, **variables)
    assert (done.returncode, done.stdout) == (code, "" if code else "runs\n")
    assert (says in done.stderr, done.stderr.count("\n")) == (True, int(bool(says)))


ONE_OF_THREE = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "0"}


@pytest.mark.parametrize(("value", "lines"), [("warn", 1), ("off", 0)])
def test_it_may_go_on(script: Path, value: str, lines: int) -> None:
    done = start(*WRAPPED, script, HPCPY_PREFLIGHT=value, **ONE_OF_THREE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, "0 1\n", lines)
    assert done.stderr.startswith("preflight: warning: mpi.ranks: every rank" if lines else "")


def test_a_library_that_does_not_load_is_said_once(script: Path) -> None:
    said = apart(script, HPCPY_MPI="/nonexistent/libmpi.so.12")
    assert [each.returncode for each in said] == [78] * 3
    assert [each.stderr.count("preflight: mpi.library: ") for each in said] == [1, 0, 0]


@pytest.mark.parametrize(
    ("words", "value", "says"),
    [
        ([], "on", "no program is named"),
        (["absent.py"], "on", "absent.py: there is no such script"),
        (["--nix", "x.py"], "on", "unknown option --nix"),
        (["mine.py"], "yes", "HPCPY_PREFLIGHT=yes is none of on, warn, off"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(words: list[str], value: str, says: str) -> None:
    done = start(*WRAPPED, *words, HPCPY_PREFLIGHT=value)
    assert says in refusal(done)
