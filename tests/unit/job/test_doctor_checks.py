"""The doctor's checks, on machines made of folders and libraries made for the test."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpcpy_job.doctor import checks
from hpcpy_job.doctor.checks import Finding, Status, cpu, fabric, gpu, surroundings
from hpcpy_job.doctor.node import Node, RankFacts, World
from hpcpy_job.doctor.ping import Speed
from running import run

Files = dict[str, str | None]
Machine = Callable[..., Node]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a function that makes a node of texts by path; None in place of a text is a folder."""

    def make(files: Files, **more: object) -> Node:
        for name, text in files.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_text(text)
        given: dict[str, Any] = {"root": tmp_path, "environ": {}, "deep": False, **more}
        return Node(**given)

    return make


def compiled(path: Path, source: str) -> Path:
    """Compile a library; skip the test without gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    run(gcc, "-shared", "-fPIC", "-o", path, "-x", "c", "-", input=source, check=True)
    return path


def named(findings: list[Finding], name: str) -> Finding:
    (found,) = [finding for finding in findings if finding.name == name]
    return found


@pytest.mark.parametrize(
    ("wanted", "step"),
    [("2", "srun --cpus-per-task=2, as srun does not take it"), ("4", "ask for 2 at most")],
)
def test_cores_that_a_node_lacks_are_not_asked_for_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, wanted: str, step: str
) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _: 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    found = named(cpu.check(machine({}, environ={"SLURM_CPUS_PER_TASK": wanted})), "cpu.task")
    assert found.status is Status.WARN
    assert found.next_step.startswith(step)


@pytest.mark.parametrize(
    ("variable", "is_right"),
    [
        ("OMP_NUM_THREADS=1,2", True),
        ("OMP_NUM_THREADS=banana", False),
        ("NUMBA_NUM_THREADS=1,2", False),
    ],
)
def test_a_number_of_threads_is_a_number(
    machine: Machine, variable: str, *, is_right: bool
) -> None:
    environ = dict([variable.split("=")])
    found = named(cpu.check(machine({}, environ=environ)), "cpu.threads")
    assert (found.status is Status.OK) == is_right
    assert found.detail == (variable if is_right else f"{variable} is no number of threads")


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("absent", "is not there, or not to be seen; unset TMPDIR, or make the folder"),
        ("file", "is no folder; unset TMPDIR, or name a folder"),
    ],
)
def test_why_there_is_no_folder_for_temporary_files(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, *, tmp_path: Path, folder: str, says: str
) -> None:
    (tmp_path / "file").touch(0o777)
    (tmp_path / "closed").mkdir()
    # Root may write anywhere.
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).endswith("closed") and access(path, mode)
    )
    node = machine({}, environ={"TMPDIR": str(tmp_path / folder)})
    found = named(surroundings.check(node), "user.tmp")
    assert f"{found.detail}; {found.next_step}" == f"TMPDIR={tmp_path / folder} {says}"


def test_a_full_node_is_no_folder_that_can_be_written(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # tempfile falls back to where the user is.
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    found = named(surroundings.check(machine({})), "user.tmp")
    assert (found.status, "neither /tmp nor" in found.detail) == (Status.WARN, True)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    found = named(surroundings.check(machine({})), "node.shm")
    assert found.detail.endswith(" is read-only")


def test_a_check_that_raises_is_a_finding(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Node) -> list[Finding]:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(cpu, "check", fails)
    found = checks.examine(machine({}), ["cpu", "gpu"])
    assert [each.name for each in found] == ["cpu.check", "gpu.devices"]
    assert found[0].detail == "this check has failed: ZeroDivisionError: one two"


def test_an_empty_machine_gives_findings_and_no_failure(machine: Machine) -> None:
    found = checks.examine(machine({}))
    assert {each.name.partition(".")[2] for each in found} > {"ranks", "hardware", "devices"}
    assert not [each for each in found if each.name.endswith(".check")]
    assert not [each for each in found if each.status is Status.FAIL]


IB = "/sys/class/infiniband"
ACTIVE = {
    f"{IB}/mlx5_0/ports/1/state": "4: ACTIVE\n",
    f"{IB}/mlx5_0/ports/1/link_layer": "InfiniBand",
}


@pytest.mark.parametrize(
    ("files", "kinds"),
    [
        ({"/sys/class/cxi/cxi0": None}, ["cxi"]),
        (ACTIVE, ["verbs"]),
        ({**ACTIVE, f"{IB}/mlx5_0/ports/1/link_layer": "Ethernet\n"}, ["roce"]),
    ],
)
def test_the_nodes_fabrics(machine: Machine, files: Files, kinds: list[str]) -> None:
    assert named(fabric.check(machine(files)), "fabric.hardware").value == kinds


LISTENING = "head\n 0: 0:1 0:0 0A 0:0 0:0 0 0 0 77 1\n"


def started(*opened: str) -> World:
    return World(comm=SimpleNamespace(size=2), opened=frozenset(opened))


CXI: Files = {"/sys/class/cxi/cxi0": None}
SPEED = Speed(("n1", "n2"), 1.1e9, 2e-5)
FAST = "1.1 GB/s, 20 µs between nodes; "
ON_TCP = "it listens on TCP and has no fabric's device open"
NOT_USED = "; the node has cxi, which is not used"


@pytest.mark.parametrize(
    ("files", "opened", "speed", "says"),
    [
        (CXI, "socket:[77]", SPEED, f"tcp ({FAST}{ON_TCP}){NOT_USED}"),
        (CXI, "/dev/cxi0", SPEED, f"cxi ({FAST}/dev/cxi0 is open)"),
        ({}, "socket:[77]", SPEED, f"tcp ({FAST}{ON_TCP})"),
    ],
)
def test_tcp_on_a_node_with_a_fabric_is_a_warning_with_its_speed(
    machine: Machine, files: Files, opened: str, speed: Speed | None, says: str
) -> None:
    given = {**files, "/proc/self/net/tcp": LISTENING}
    found = named(fabric.check(machine(given, world=started(opened), speed=speed)), "fabric.used")
    assert found.detail == says
    is_lost = says.endswith(NOT_USED)
    assert (found.status is Status.WARN, bool(found.next_step)) == (is_lost, is_lost)


@pytest.mark.parametrize(
    ("mapped", "is_shared"),
    [
        ("/dev/shm/mpich_shar_tmpZazLdY", True),  # noqa: S108
        ("/SYSV00000000", True),
        ("/usr/lib/libfabric.so.1", False),
    ],
)
def test_whether_ranks_share_memory(machine: Machine, mapped: str, is_shared: bool) -> None:
    ranks = (RankFacts(frozenset({0})), RankFacts(frozenset({1})))
    found = fabric.check(machine({}, world=started(mapped), ranks=ranks))
    assert named(found, "fabric.memory").value is is_shared


CARD = {
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "",
    "/proc/driver/nvidia/version": "NVRM version: NVIDIA x86_64  580.159.04  Release\n",
    "/dev/nvidia0": "",
}


@pytest.mark.parametrize(
    ("variables", "status"), [({}, Status.INFO), ({"SLURM_JOB_GPUS": "0"}, Status.WARN)]
)
def test_gpus_that_the_container_lacks(
    machine: Machine, variables: dict[str, str], status: Status
) -> None:
    node = machine({k: v for k, v in CARD.items() if "/dev" not in k}, environ=variables)
    found = named(gpu.check(node), "gpu.devices")
    assert (found.status, found.value) == (status, 0)
    assert "--nv" in found.next_step


FAKE = """
int cuInit(unsigned flags) { CUINIT }
int cuDriverGetVersion(int *to) { *to = 12080; return 0; }
int cuDeviceGetCount(int *to) { *to = 2; return 0; }
int cuDeviceGet(int *to, int i) { *to = i; return 0; }
int cuDeviceGetName(char *to, int n, int d) { to[0] = 'H'; to[1] = 0; return 0; }
int cuGetErrorName(int code, const char **to) { *to = "CUDA_ERROR_NO_DEVICE"; return 0; }
"""


@pytest.mark.parametrize(
    ("cuinit", "status", "says"),
    [
        ("return 0;", Status.OK, "2 x H, driver 580.159.04, CUDA up to 12.8"),
        ("return 100;", Status.WARN, "cuInit: CUDA_ERROR_NO_DEVICE (100)"),
        ("__builtin_trap();", Status.WARN, "libcuda ended with signal 4"),
    ],
)
def test_the_driver_is_asked_and_may_crash(
    machine: Machine,
    cuinit: str,
    status: Status,
    says: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled(tmp_path / "libcuda.so.1", FAKE.replace("CUINIT", cuinit))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    found = named(gpu.check(machine(CARD, deep=True)), "gpu.devices")
    assert found.status is status
    assert says in found.detail
