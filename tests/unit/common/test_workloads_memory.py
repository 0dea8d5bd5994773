"""What a row says of memory, against blocks of a known size; which device a rank takes."""

import sys
from pathlib import Path

import pytest
from processes import environment, python

from hpcpy_common import machine, ranks
from running import printed, run
from workloads.device.cuda import of_this_rank

_BLOCK = 96 << 20
_HOLDS = f"block = bytearray({_BLOCK}); print(flush=True); input()"


def test_a_peak_stays_after_the_memory_is_free_and_forgotten_at_the_next_row() -> None:
    assert machine.forget_peak()
    before, _ = machine.peak_memory()[0]
    block = bytearray(_BLOCK)
    del block
    assert machine.peak_memory()[0][0] >= before + _BLOCK // 2
    assert machine.forget_peak()
    assert machine.peak_memory()[0][0] < before + _BLOCK // 2


# A shell that stays between them, as Dask's nannies do.
_COUNTS = f"""
import subprocess, sys
from hpcpy_common import machine
words = ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", {_HOLDS!r}]
with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(*(peak for peak, _ in machine.peak_memory()))
    child.communicate(b"\\n")
"""


# In processes of their own: other tests leave children to this one.
def test_children_and_theirs_count() -> None:
    found = [int(peak) for peak in python("-c", _COUNTS).stdout.split()]
    assert len(found) == 3
    assert max(found[1:]) >= _BLOCK


_SHARED = 50 << 20
# Each of four workers has the block that was there before the fork.
_SHARES = f"""
import multiprocessing, sys
from hpcpy_common import machine
if sys.argv[1:]:
    known = machine._kib
    machine._kib = lambda path, key: 0 if "smaps" in path else known(path, key)
block = b"x" * {_SHARED}
with multiprocessing.get_context("fork").Pool(4) as pool:
    pool.map(len, ["all of them"] * 100)
    for peak in machine.peak_memory():
        print(*peak)
"""


@pytest.mark.parametrize(("words", "kind"), [((), "PSS"), (("without",), "RSS")])
def test_what_workers_share_counts_once(words: tuple[str, ...], kind: str) -> None:
    lines = python("-c", _SHARES, *words).stdout.splitlines()
    peaks = [int(line.split()[0]) for line in lines]
    assert {line.split()[1] for line in lines} == {kind}
    assert len(peaks) == 5
    assert sum(peaks) > _SHARED
    assert (sum(peaks) < 3 * _SHARED) == (kind == "PSS")


# A tree of cgroups: the line of the process, files by path. Half a GiB is left in each.
GIB = 1 << 30
CGROUPS = {
    "0::/a/b": {"a/memory.max": GIB, "a/memory.current": GIB // 2, "a/b/memory.max": "max"},
    "0::/c": {"c/memory.high": GIB, "c/memory.max": 2 * GIB, "c/memory.current": GIB // 2},
    "0::/d": {"d/memory.max": GIB, "d/memory.current": GIB,
              "d/memory.stat": f"anon 5\ninactive_file {GIB // 2}"},
    "0::/outside/of/the/namespace": {"memory.max": GIB, "memory.current": GIB // 2},
    "4:cpu,memory:/e\n0::/": {"memory/e/memory.limit_in_bytes": GIB,
                              "memory/e/memory.usage_in_bytes": GIB // 2},
}  # fmt: skip


@pytest.mark.parametrize(("own", "files"), CGROUPS.items(), ids=[*CGROUPS])
def test_a_cgroup_limits_the_memory(
    own: str, files: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cgroup").write_text(f"{own}\n")
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{content}\n")
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    assert machine.available_memory() == GIB // 2


@pytest.mark.parametrize("option", ["-v", "-d"])
def test_a_limit_of_the_shell_limits_the_memory(option: str) -> None:
    code = "from hpcpy_common import machine; print(machine.available_memory())"
    command = f'ulimit {option} 1000000; exec "$0" -c "{code}"'
    found = printed(run("bash", "-c", command, sys.executable, env=environment()))
    assert 500_000_000 < int(found) < 1_024_000_000


# Slurm gives the batch script 0, and mpiexec hands that on to every rank.
IN_A_SCRIPT = {"SLURM_LOCALID": "0", "MPI_LOCALRANKID": "5"}
LAUNCHERS = ("MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("given", [IN_A_SCRIPT, *({name: "5"} for name in LAUNCHERS)])
def test_ranks_of_a_node_take_its_devices_in_turn(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert ranks.rank_on_node() == 5
    assert of_this_rank(4) == 1
