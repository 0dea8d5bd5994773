"""How many threads libraries start by default, as the interpreter counts them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[2] / "src/interp"
MAIN = """
#include "threads.h"
#include <stdio.h>
int main(void)
{
    printf("%d\\n", hpcpy_threads());
}
"""
HERE = len(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    folder = tmp_path_factory.mktemp("threads")
    (folder / "main.c").write_text(MAIN)
    sources = [folder / "main.c", INTERP / "threads.c"]
    defined = [f'-DCGROUPS="{folder}/cgroup"', f'-DOWN_GROUPS="{folder}/own"']
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", f"-I{INTERP}", *defined]
    subprocess.run([gcc, *flags, *sources, "-o", folder / "asked"], check=True)
    return folder


@pytest.fixture
def asked(folder: Path) -> Callable[..., int]:
    shutil.rmtree(folder / "cgroup", ignore_errors=True)
    (folder / "own").unlink(missing_ok=True)

    def ask(*, processors: int = HERE, **variables: str) -> int:
        chosen = [*os.sched_getaffinity(0)][:processors]
        done = subprocess.run(
            [folder / "asked"],
            env=variables,
            preexec_fn=lambda: os.sched_setaffinity(0, chosen),
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    return ask


def group(folder: Path, name: str, files: dict[str, str]) -> None:
    (folder / "cgroup" / name).mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / "cgroup" / name / file).write_text(text)


def test_by_itself_it_is_the_processors_it_may_use(asked: Callable[..., int]) -> None:
    assert asked() == HERE
    assert asked(processors=1) == 1


@pytest.mark.parametrize(
    ("quota", "count"),
    [
        ("max 100000", HERE),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("nonsense", HERE),
        ("", HERE),
    ],
)
def test_the_quota_of_a_group_counts(
    asked: Callable[..., int], folder: Path, quota: str, count: int
) -> None:
    (folder / "own").write_text("0::/job/step\n")
    group(folder, "job/step", {"cpu.max": quota})
    assert asked() == count


@pytest.mark.parametrize("own", ["0::/job/step", "0::/", "0::/elsewhere", "0::/../x"])
def test_so_does_that_of_a_group_above_and_of_a_container(
    asked: Callable[..., int], folder: Path, own: str
) -> None:
    (folder / "own").write_text(f"1:name=systemd:/\n{own}\n")
    group(folder, "job/step", {"cpu.max": "max 100000"})
    group(folder, "", {"cpu.max": "100000 100000"})
    assert asked() == 1


@pytest.mark.parametrize(("quota", "count"), [("-1", HERE), ("100000", 1), ("20000", 1)])
def test_groups_of_the_first_version_count(
    asked: Callable[..., int], folder: Path, quota: str, count: int
) -> None:
    (folder / "own").write_text("3:cpuset:/job\n2:cpu,cpuacct:/job\n0::/\n")
    group(folder, "cpu/job", {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": "100000"})
    assert asked() == count


def test_what_is_more_than_the_processors_does_not(asked: Callable[..., int], folder: Path) -> None:
    (folder / "own").write_text("0::/\n")
    group(folder, "", {"cpu.max": "6400000 100000"})
    assert asked(SLURM_CPUS_PER_TASK="64") == HERE


def test_slurms_processors_for_a_task_count(asked: Callable[..., int]) -> None:
    assert asked(SLURM_CPUS_PER_TASK="1") == 1
    for nonsense in ("", "many", "-3", "0", "99999999999999999999"):
        assert asked(SLURM_CPUS_PER_TASK=nonsense) == HERE


@pytest.mark.parametrize(
    "variable", ["MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE", "PMI_LOCAL_SIZE"]
)
@pytest.mark.parametrize("ranks", [1, 2, 3, 64])
def test_ranks_share_what_their_launcher_has(
    asked: Callable[..., int], variable: str, ranks: int
) -> None:
    # The launcher is this process.
    assert asked(**{variable: str(ranks)}) == max(1, HERE // ranks)
    # What a rank was bound to is its own.
    assert asked(processors=1, **{variable: str(ranks)}) == 1


def test_ranks_of_a_slurm_step_share_the_jobs_processors(asked: Callable[..., int]) -> None:
    step = {"SLURM_CPUS_ON_NODE": str(2 * HERE)}
    assert asked(SLURM_STEP_TASKS_PER_NODE="2(x3),1", **step) == HERE
    assert asked(SLURM_STEP_TASKS_PER_NODE=f"1,{2 * HERE}(x2)", **step) == 1


def test_a_program_between_launcher_and_rank_is_none(folder: Path) -> None:
    (folder / "own").unlink(missing_ok=True)
    # Such a program is bound as the rank is, and has the variable: a shell, a container's starter.
    code = (
        "import os, subprocess, sys\n"
        "own = sorted(os.sched_getaffinity(0))\n"
        "os.sched_setaffinity(0, own[: max(1, len(own) // 2)])\n"
        "subprocess.run(sys.argv[1:], check=True)\n"
    )
    command: list[str | Path] = [sys.executable, "-c", code, folder / "asked"]
    env = {**os.environ, "MPI_LOCALNRANKS": "2"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    # With four processors or more: half, and not half of that.
    assert int(done.stdout) == max(1, HERE // 2)
