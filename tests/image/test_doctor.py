"""The doctor in the image: it finds the image's own MPI and PoCL, and nothing to fail."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from running import in_own_process, launcher, on_ranks, printed

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
