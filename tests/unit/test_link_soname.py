"""The linker takes the absolute name of a system library for its NEEDED entry."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from libraries import arguments
from soname import with_soname


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_a_program_needs_the_library_by_its_absolute_name(tmp_path: Path) -> None:
    (tmp_path / "lib.c").write_text("int answer(void) { return 42; }\n")
    (tmp_path / "main.c").write_text("int answer(void); int main(void) { return answer(); }\n")
    real = tmp_path / "folder with a long name" / "libanswer.so.1"
    real.parent.mkdir()

    def gcc(*command: str) -> None:
        subprocess.run(["gcc", *command], cwd=tmp_path, check=True)

    gcc("-shared", "-fPIC", "-Wl,-soname,libanswer.so.1", "-o", str(real), "lib.c")
    (tmp_path / "copy.so").write_bytes(with_soname(real.read_bytes(), str(real)))
    gcc("-o", "program", "main.c", "copy.so")
    (tmp_path / "copy.so").unlink()
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 42


@pytest.mark.parametrize("data", [b"", b"!<arch>\n", b"\x7fELF\x01\x01" + bytes(64)])
def test_what_is_no_shared_object_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ELF64"):
        with_soname(data, "/lib/x")


def test_each_library_is_named_once_and_archives_by_where_they_lie(tmp_path: Path) -> None:
    lists = [tmp_path / "one", tmp_path / "two"]
    lists[0].write_text("-lopenblas\n-lz\n")
    lists[1].write_text("/opt/deps/lib/libx.a\n")
    modlibs = "-lm Modules/_decimal/libmpdec/libmpdec.a -lz  -pthread -no-pie -ldl -lssl"
    assert arguments(modlibs, Path("/config"), lists) == [
        "/config/libmpdec.a",
        "-lz",
        "-lssl",
        "-lopenblas",
        "/opt/deps/lib/libx.a",
    ]
