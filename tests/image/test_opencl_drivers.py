"""OpenCL drivers of other vendors are named; those that the host lacks do no harm."""

from pathlib import Path

import pytest
from needed import needs

from running import printed, python

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
    assert printed(python("-c", ASK)) == "['Portable Computing Language']\n"


@pytest.mark.usefixtures("absent")
def test_with_none_but_absent_ones_the_row_says_so(tmp_path: Path) -> None:
    for name, library in HOSTS.items():
        (tmp_path / name).write_text(f"{library}\n")
    words = ["mandel", "--area", "area1", "--impl", "pyopencl"]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{tmp_path}/")
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.count("\n") == 1
    assert "OpenCL" in done.stderr
