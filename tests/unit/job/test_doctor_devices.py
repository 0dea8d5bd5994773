"""Fabrics and GPUs, on machines made of folders and libraries made for the test."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_machine import Files, Machine, named

from hpcpy_job.doctor.checks import Status, fabric, gpu
from hpcpy_job.doctor.node import World
from running import run

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


@pytest.mark.parametrize(
    ("files", "opened", "status", "says"),
    [
        ({"/sys/class/cxi/cxi0": None}, "socket:[77]", Status.WARN, "the node has cxi"),
        ({"/sys/class/cxi/cxi0": None}, "/dev/cxi0", Status.OK, "/dev/cxi0 is open"),
        ({}, "socket:[77]", Status.OK, "listens on TCP"),
    ],
)
def test_tcp_on_a_node_with_a_fabric_is_a_warning(
    machine: Machine, files: Files, opened: str, status: Status, says: str
) -> None:
    node = machine({**files, "/proc/self/net/tcp": LISTENING}, world=started(opened))
    found = named(fabric.check(node), "fabric.used")
    assert found.status is status
    assert says in found.detail
    assert bool(found.next_step) is (status is Status.WARN)


CARD = {
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "",
    "/proc/driver/nvidia/version": "NVRM version: NVIDIA x86_64  580.159.04  Release\n",
    "/dev/nvidia0": "",
}


@pytest.mark.parametrize(
    ("variables", "status"),
    [({}, Status.INFO), ({"SLURM_JOB_GPUS": "0"}, Status.WARN)],
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


@pytest.fixture
def libcuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that compiles a driver's library with a given body of cuInit."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")

    def make(cuinit: str) -> None:
        (tmp_path / "cuda.c").write_text(FAKE.replace("CUINIT", cuinit))
        files = ("-o", tmp_path / "libcuda.so.1", tmp_path / "cuda.c")
        run(gcc, "-shared", "-fPIC", *files, check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    return make


@pytest.mark.parametrize(
    ("cuinit", "status", "says"),
    [
        ("return 0;", Status.OK, "2 x H, driver 580.159.04, CUDA up to 12.8"),
        ("return 100;", Status.WARN, "cuInit: CUDA_ERROR_NO_DEVICE (100)"),
        ("__builtin_trap();", Status.WARN, "libcuda ended with signal 4"),
    ],
)
def test_the_driver_is_asked_and_may_crash(
    machine: Machine, libcuda: Callable[[str], None], cuinit: str, status: Status, says: str
) -> None:
    libcuda(cuinit)
    found = named(gpu.check(machine(CARD, deep=True)), "gpu.devices")
    assert found.status is status
    assert says in found.detail
