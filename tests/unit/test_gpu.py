"""What `make test-gpu` says where there is no GPU, and what it leaves behind."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.testing import gpu
from hpcpy.testing.gpu_times import TIMED, Runner, Timing, able
from workloads.harness.cuda import no_device
from workloads.registry import WORKLOADS


@pytest.fixture
def no_gpu() -> None:
    if not no_device():
        pytest.skip("this machine has a CUDA device")


def rows_for_a_gpu() -> set[tuple[str, str]]:
    """Return the workload and the name of each row that only a GPU can run."""
    found = set()
    for name in WORKLOADS:
        techniques = importlib.import_module(f"workloads.{name}.registry").TECHNIQUES
        found |= {
            (name, row) for row, one in techniques.items() if {"cupy", "numba_cuda"} & {*one.needs}
        }
    assert len(found) == 9
    return found


@pytest.mark.long
@pytest.mark.usefixtures("no_gpu")
def test_each_check_says_why_it_cannot_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy", "test-gpu", "--on=here"],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src"), "PEDANTIC": ""},
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 69
    assert "none could run here" in done.stderr
    assert "run it on a GPU node" in done.stderr
    checks = json.loads((gpu.OUT / "checks.json").read_text())["checks"]
    assert {one["outcome"] for one in checks} == {"cannot run"}
    assert all("no CUDA device: run with --nv on a GPU node" in one["reason"] for one in checks)
    for one in checks:
        assert f"cannot run  {one['check']}: " in done.stdout
    # A check's file is named after its workload, and its reason begins with the row.
    checked = {(one["check"][5:].partition(".py")[0], one["reason"]) for one in checks}
    assert {(name, reason.partition(":")[0]) for name, reason in checked} >= rows_for_a_gpu()


def test_every_row_for_a_gpu_is_timed() -> None:
    timed = {(one.workload, row) for one in TIMED for row in one.rows}
    assert timed >= rows_for_a_gpu()
    assert len({one.name for one in TIMED}) == len(TIMED)


@pytest.mark.usefixtures("no_gpu")
def test_rows_that_cannot_run_are_not_timed_and_say_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert able(gpu.here(), Timing("some", "mandel", ("cupy", "numba-cuda"))) == []
    said = capsys.readouterr().out
    for row in ("cupy", "numba-cuda"):
        assert f"{row} " in said
    assert said.count("[cannot run here: no CUDA device: run with --nv on a GPU node]\n") == 2


def test_on_ranks_the_launcher_is_the_places_own() -> None:
    place = Runner(["enter"], "python3", "/tests", "/out", {})
    assert place.command("-c", "pass", ranks=2) == [
        *("enter", "mpiexec", "-n", "2", "python3", "-c", "pass")
    ]
    assert place.command("-c", "pass") == ["enter", "python3", "-c", "pass"]


def test_another_option_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy", "test-gpu", "--there"],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "unrecognized arguments: --there" in done.stderr


def test_the_image_sees_nothing_of_the_host_but_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        apptainer = Path("/a/apptainer")

    monkeypatch.setattr(gpu, "ensure", lambda _: Engine)
    place = gpu.in_image(Path("/b/c.sif"))
    assert place.command()[:3] == ["/a/apptainer", "exec", "--nv"]
    assert {"--contain", "--cleanenv", "--no-home"} <= {*place.enter}
    assert place.command()[-2:] == ["/b/c.sif", "python3"]
