"""What of a package's link command goes into a module, and what is left to the final link."""

from __future__ import annotations

from pathlib import Path

import pytest

from link_line import expand, links_shared, read

MODULE = "a/_x.cpython-314-x86_64-linux-gnu.so"


def test_shared_hidden_in_a_response_file_is_seen(tmp_path: Path) -> None:
    inner = tmp_path / "inner.rsp"
    inner.write_text("-shared 'with space.o'\n")
    outer = tmp_path / "outer.rsp"
    outer.write_text(f"-o x.so @{inner} -lm\n")
    arguments = list(expand([f"@{outer}", "b.o"]))
    assert arguments == ["-o", "x.so", "-shared", "with space.o", "-lm", "b.o"]
    assert links_shared(arguments)


def test_a_compilation_with_shared_among_its_flags_is_none() -> None:
    assert not links_shared(["-shared", "-c", "x.c"])


def test_objects_sources_and_own_archives_keep_their_order(tmp_path: Path) -> None:
    line = read(
        "gcc",
        f"-shared -o {MODULE} x.o -Wl,--start-group svml_z0_exp.s {tmp_path}/libown.a"
        " -Wl,--end-group".split(),
        tmp_path,
    )
    assert line.output == Path(MODULE)
    assert line.inputs == [
        "x.o",
        "-Wl,--start-group",
        "svml_z0_exp.s",
        f"{tmp_path}/libown.a",
        "-Wl,--end-group",
    ]
    assert line.libraries == []


def test_what_only_a_shared_link_wants_is_left_out(tmp_path: Path) -> None:
    for_the_linker = "--as-needed,-soname,_x.so,-z,now,-rpath,/lib,--version-script=link.ver"
    arguments = ["-shared", "-fPIC", "-O3", f"-Wl,{for_the_linker}", "-Xlinker", "--no-undefined"]
    assert read("gcc", [*arguments, "x.o"], tmp_path).inputs == ["x.o"]


@pytest.mark.parametrize(("driver", "library"), [("g++", "-lstdc++"), ("gfortran", "-lgfortran")])
def test_a_drivers_own_library_is_written_out(driver: str, library: str, tmp_path: Path) -> None:
    assert read(driver, ["x.o"], tmp_path).libraries == [library]
