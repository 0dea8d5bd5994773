"""What a library wants is read as the loader reads it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from workloads.doctor import elf, maps


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


def test_a_librarys_name_and_its_needs(built: Path) -> None:
    found = elf.needs(built)
    assert found.soname == "liba.so.1"
    assert set(found.needed) == {"libm.so.6", "libc.so.6"}
    # The newest pow is of glibc 2.29.
    assert "GLIBC_2.29" in found.versions["libm.so.6"]
    assert found.newest("GLIBC_") == (2, 29)
    assert found.newest("GLIBCXX_") == ()


def test_stripped_of_its_sections_it_says_the_same(built: Path) -> None:
    before = elf.needs(built)
    content = bytearray(built.read_bytes())
    # e_shoff, e_shnum and e_shstrndx.
    content[40:48] = bytes(8)
    content[60:64] = bytes(4)
    built.write_bytes(content)
    assert elf.needs(built) == before


def test_every_library_of_this_process_can_be_read() -> None:
    found = [path for path in maps.of_this_process() if ".so" in path.rpartition("/")[2]]
    assert found
    own = elf.version((os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc "))
    for path in found:
        assert elf.needs(Path(path)).newest("GLIBC_") <= own, path


@pytest.mark.parametrize("size", [0, 3, 40, 64, 200, 1000])
def test_a_cut_file_is_an_error_that_names_the_reason(built: Path, size: int) -> None:
    built.write_bytes(built.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"ELF|empty"):
        elf.needs(built)


def section(library: Path, name: str) -> int:
    """Return a section's offset in the file."""
    said = subprocess.run(["readelf", "-SW", library], capture_output=True, text=True, check=True)
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
        elf.needs(built)


def test_a_segment_beyond_every_file_is_an_error(built: Path) -> None:
    content = bytearray(built.read_bytes())
    start, size, count = struct.unpack_from("<32xQ14xHH", content)
    headers = range(start, start + size * count, size)
    (dynamic,) = [at for at in headers if struct.unpack_from("<I", content, at)[0] == 2]
    struct.pack_into("<Q", content, dynamic + 8, 2**64 - 16)
    built.write_bytes(content)
    with pytest.raises(ValueError, match="broken ELF"):
        elf.needs(built)


def test_what_is_no_library_is_told(tmp_path: Path) -> None:
    script = tmp_path / "libc.so"
    script.write_text("/* GNU ld script */ GROUP ( /lib/libc.so.6 )" * 9)
    with pytest.raises(ValueError, match="ELF"):
        elf.needs(script)


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.34", (2, 34)), ("2.2.5", (2, 2, 5)), ("PRIVATE", ()), ("", ())]
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert elf.version(text) == numbers
