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


def test_an_argument_that_only_looks_like_a_response_file_stays() -> None:
    assert list(expand(["@rpath/libfoo.so"])) == ["@rpath/libfoo.so"]


@pytest.mark.parametrize("option", ["-c", "-E", "-S", "-r"])
def test_a_compilation_with_shared_among_its_flags_is_none(option: str) -> None:
    assert not links_shared(["-shared", option, "x.c"])


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


def test_values_of_options_are_no_inputs(tmp_path: Path) -> None:
    line = read("gcc", ["-L", "lib", "-I", "include", "-MF", "x.d", "x.o"], tmp_path)
    assert line.inputs == ["x.o"]


def test_libraries_and_foreign_archives_are_for_the_final_link(tmp_path: Path) -> None:
    line = read(
        "gcc",
        [
            "x.o",
            "-lopenblas",
            "-l",
            "z",
            "-lopenblas",
            "/opt/deps/lib/libhdf5.a",
            "/usr/lib/liby.so.1",
        ],
        tmp_path,
    )
    assert line.inputs == ["x.o"]
    assert line.libraries == ["-lopenblas", "-lz", "/opt/deps/lib/libhdf5.a", "/usr/lib/liby.so.1"]


def test_glibc_is_on_the_final_line_anyway(tmp_path: Path) -> None:
    assert read("gcc", ["x.o", "-lm", "-lpthread", "-ldl"], tmp_path).libraries == []


@pytest.mark.parametrize(
    ("driver", "library"), [("g++", "-lstdc++"), ("c++", "-lstdc++"), ("gfortran", "-lgfortran")]
)
def test_a_drivers_own_library_is_written_out(driver: str, library: str, tmp_path: Path) -> None:
    assert read(driver, ["x.o"], tmp_path).libraries == [library]


def test_openmp_brings_its_library(tmp_path: Path) -> None:
    assert read("gcc", ["-fopenmp", "x.o"], tmp_path).libraries == ["-lgomp"]
