"""OpenCL drivers of three vendors are named; those that the host lacks do no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from needed import needs

from running import python

pytestmark = needs("pyopencl")
VENDORS = Path("/etc/OpenCL/vendors")
HOSTS = {"nvidia.icd": "libnvidia-opencl.so.1", "amdocl64.icd": "libamdocl64.so"}
ASK = "import pyopencl; print([p.name for p in pyopencl.get_platforms()])"


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


# And Intel's, of which the image has no file.
ABSENT = {**HOSTS, "intel.icd": "libigdrcl.so"}


@pytest.fixture
def vendors(tmp_path: Path) -> tuple[Path, Path]:
    """Give a folder of three vendors' files without a library beside PoCL's, and PoCL's alone."""
    pocl = (VENDORS / "pocl.icd").read_text()
    both = tmp_path / "both", tmp_path / "alone"
    for folder, names in zip(both, (ABSENT, {}), strict=True):
        folder.mkdir()
        for name, library in {**names, "pocl.icd": pocl}.items():
            (folder / name).write_text(f"{library}\n")
    return both


def asked(program: Path, report: Path, folder: Path) -> Any:
    words = ["startup", "--impl", "ptrace", "--json", str(report), "--", str(program)]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{folder}/")
    if done.returncode == 69:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (0, "")
    details = json.loads(report.read_text())["results"][0]["details"]
    return details[0] if isinstance(details, list) else details


@pytest.mark.usefixtures("absent")
def test_absent_ones_cost_a_few_calls_of_who_uses_opencl(
    vendors: tuple[Path, Path], tmp_path: Path
) -> None:
    program = tmp_path / "ask.py"
    program.write_text(ASK)
    # The first of all fills caches.
    _, three, none = (
        asked(program, tmp_path / "startup.json", folder) for folder in (VENDORS, *vendors)
    )
    # A file each, and for its library's name the loader's folders.
    assert three["path_calls"] - none["path_calls"] <= 20 * len(ABSENT)
    # Nobody tries again, waits, or starts something that would.
    assert three["calls"] - none["calls"] <= 50 * len(ABSENT)
    for kind in ("processes", "threads"):
        assert three[kind] == none[kind]


@pytest.mark.usefixtures("absent")
def test_with_three_absent_ones_the_row_runs_on_pocl(vendors: tuple[Path, Path]) -> None:
    words = ["mandel", "--area", "area1", "--impl", "pyopencl"]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{vendors[0]}/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "matches the reference" in done.stdout


@pytest.mark.usefixtures("absent")
def test_with_none_but_absent_ones_the_row_says_so(vendors: tuple[Path, Path]) -> None:
    (vendors[0] / "pocl.icd").unlink()
    words = ["mandel", "--area", "area1", "--impl", "pyopencl"]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{vendors[0]}/")
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.count("\n") == 1
    assert "OpenCL" in done.stderr
