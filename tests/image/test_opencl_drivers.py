"""OpenCL drivers of three vendors are named; those that the host has not are no harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VENDORS = Path("/etc/OpenCL/vendors")
HOSTS = {"nvidia.icd": "libnvidia-opencl.so.1", "amdocl64.icd": "libamdocl64.so"}
ASK = "import pyopencl; print([p.name for p in pyopencl.get_platforms()])"


def python(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def absent() -> None:
    maps = python("-c", ASK + "; print(open('/proc/self/maps').read())").stdout
    if any(name in maps for name in HOSTS.values()):
        pytest.skip("the host has one of these drivers")


def test_the_drivers_that_an_engine_brings_are_named() -> None:
    named = {path.name: path.read_text().strip() for path in VENDORS.glob("*.icd")}
    assert HOSTS.items() <= named.items()
    assert [name for name in named if "pocl" in name] == ["pocl.icd"]


@pytest.mark.usefixtures("absent")
def test_absent_ones_are_passed_over_without_a_word() -> None:
    done = python("-c", ASK)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['Portable Computing Language']\n"


def path_calls(program: Path, report: Path, vendors: Path) -> Any:
    words = ["startup", "--impl", "ptrace", "--json", str(report), "--", str(program)]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{vendors}/")
    if done.returncode == 69:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    details = json.loads(report.read_text())["results"][0]["details"]
    return (details[0] if isinstance(details, list) else details)["path_calls"]


@pytest.mark.usefixtures("absent")
def test_absent_ones_cost_a_few_calls_of_who_uses_opencl(tmp_path: Path) -> None:
    program = tmp_path / "ask.py"
    program.write_text(ASK)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "pocl.icd").write_text((VENDORS / "pocl.icd").read_text())
    report = tmp_path / "startup.json"
    # The first of all fills caches.
    path_calls(program, report, VENDORS)
    more = path_calls(program, report, VENDORS) - path_calls(program, report, alone)
    # Two files, and for each name the loader's folders; none of it waits.
    assert more <= 40
