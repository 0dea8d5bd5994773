"""What a library wants is read as the loader reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from running import run
from workloads.doctor import elf


@pytest.fixture
def built(tmp_path: Path) -> Path:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here; install one: apt-get install gcc")
    source = tmp_path / "a.c"
    source.write_text("#include <math.h>\ndouble f(double x) { return pow(x, x); }\n")
    library = tmp_path / "liba.so.1"
    words = [gcc, "-shared", "-fPIC", "-Wl,-soname,liba.so.1,--no-as-needed"]
    subprocess.run([*words, "-o", library, source, "-lm"], check=True)
    return library


def test_the_newest_glibc_that_a_library_wants(built: Path) -> None:
    # The newest pow is of glibc 2.29.
    assert elf.newest_glibc(built) == (2, 29)


@pytest.mark.parametrize("size", [0, 64])
def test_a_cut_file_is_an_error_that_names_the_reason(built: Path, size: int) -> None:
    built.write_bytes(built.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"ELF|empty"):
        elf.newest_glibc(built)


def section(library: Path, name: str) -> int:
    """Return a section's offset in the file."""
    said = run("readelf", "-SW", library, check=True)
    (line,) = [line for line in said.stdout.splitlines() if f" {name} " in line]
    return int(line.partition(name)[2].split()[2], 16)


def test_a_file_that_claims_millions_of_versions_is_refused_at_once(built: Path) -> None:
    # With 10,000 libraries of as many each it would have read for minutes.
    content = bytearray(built.read_bytes())
    versions = section(built, ".gnu.version_r")
    # vn_cnt of the first library, and vna_next 0: all are the same one.
    content[versions + 2 : versions + 4] = b"\xff\xff"
    first = versions + int.from_bytes(content[versions + 8 : versions + 12], "little")
    content[first + 12 : first + 16] = bytes(4)
    built.write_bytes(content)
    with pytest.raises(ValueError, match="broken ELF"):
        elf.newest_glibc(built)
