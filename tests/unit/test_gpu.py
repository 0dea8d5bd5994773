"""What `make test-gpu` says where there is no GPU, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy import gpu, paths
from workloads.harness.cuda import no_device


@pytest.fixture
def no_gpu() -> None:
    if not no_device():
        pytest.skip("this machine has a CUDA device")


@pytest.mark.usefixtures("no_gpu")
def test_each_check_says_why_it_cannot_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy", "test-gpu", "--here"],
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


@pytest.mark.usefixtures("no_gpu")
def test_rows_that_cannot_run_are_not_timed() -> None:
    words = gpu.able(gpu.here(), "mandel", ["--impl", "cupy,numba-cuda,threads", "--repeat", "2"])
    assert "cupy" not in words[1]
    assert words[2:] == ["--repeat", "2"]


def test_another_option_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy", "test-gpu", "--there"],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "test-gpu [--here]" in done.stderr


def test_the_image_sees_nothing_of_the_host_but_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        apptainer = Path("/a/apptainer")

    monkeypatch.setattr(gpu, "ensure", lambda _: Engine)
    place = gpu.in_image(Path("/b/c.sif"))
    assert place.python[:3] == ["/a/apptainer", "exec", "--nv"]
    assert {"--contain", "--cleanenv", "--no-home"} <= {*place.python}
    assert place.python[-2:] == ["/b/c.sif", "python3"]
