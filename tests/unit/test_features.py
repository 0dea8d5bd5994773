"""What a feature of the interpreter is made of, and what it hooks into."""

from __future__ import annotations

import ctypes
import re
import sys
import tomllib
from pathlib import Path

from small_bundle import FEATURES

from hpcpy.build.graph import the_graph
from hpcpy.core.paths import ROOT
from running import run

NAMES = [path.name for path in sorted(FEATURES.iterdir()) if path.is_dir()]
TABLE = FEATURES.parent / "start/wraps.toml"
WRAPS = tomllib.loads(TABLE.read_text())
# This feature is in no image for users.
OWN_TESTS = {"sanitize": "image_sanitized"}


def test_the_image_has_all_but_what_is_for_tests_and_the_plain_one_none() -> None:
    graph = the_graph()
    assert {*graph.image("hpcpy").features, *OWN_TESTS} == {*NAMES}
    assert graph.image("plain").features == ()


def test_each_function_in_place_of_anothers_is_in_the_file_that_the_table_names() -> None:
    for name, functions in WRAPS["wrap"].items():
        code = (FEATURES.parent / name).read_text()
        # collector_views.c declares its functions by a macro.
        assert {*re.findall(r"^\S.*\b__wrap_(\w+)\(", code, re.MULTILINE)} - {"##name"} == {
            *functions
        }
    for functions in WRAPS["rename"].values():
        for new in functions.values():
            assert f"{new['to']}(" in (FEATURES.parent / new["by"]).read_text()


def test_a_function_that_the_table_lacks_ends_the_link(tmp_path: Path) -> None:
    objects = tmp_path / "objects.txt"
    objects.write_text("0000000000000000 T __wrap_exec_blas\n0000000000000010 T __wrap_other\n")
    script = str(ROOT / "recipes/interpreter/wraps.py")
    done = run(sys.executable, script, TABLE, objects, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "wraps.py: wraps.toml lacks other\n"


def test_the_link_gets_what_the_image_has_of_the_table(tmp_path: Path) -> None:
    objects = tmp_path / "objects.txt"
    objects.write_text(
        "blas.c.o:\n0000000000000000 T __wrap_exec_blas\n                 U __real_exec_blas\n"
        "0000000000000010 T hpcpy_blas_exit\n                 U hpcpy_real_PyGC_Collect\n"
    )
    (tmp_path / "renamed").mkdir()
    script = str(ROOT / "recipes/interpreter/wraps.py")
    done = run(sys.executable, script, TABLE, objects, tmp_path / "renamed")
    assert (done.returncode, done.stdout, done.stderr) == (0, "-Wl,--wrap=exec_blas\n", "")
    assert {file.name: file.read_text() for file in (tmp_path / "renamed").iterdir()} == {
        "libopenblas.a": "exit hpcpy_blas_exit\n",
        "libpython.a": "PyGC_Collect hpcpy_real_PyGC_Collect\n",
    }


def in_the_c_library(names: set[str]) -> set[str]:
    c_library = ctypes.CDLL("libc.so.6")
    return {name for name in names if hasattr(c_library, name)}


def test_nothing_stands_before_a_function_of_the_c_library_but_for_a_threads_stack() -> None:
    # Programs open files through the C library, as everywhere: no answer of it is made up.
    wrapped = {name for functions in WRAPS["wrap"].values() for name in functions}
    recipe = (ROOT / "recipes/interpreter/link.sh").read_text()
    (exported,) = re.findall(r"^echo '\{ (.*); \};' >exports$", recipe, re.MULTILINE)
    assert len(wrapped) > 10
    assert in_the_c_library(wrapped | set(exported.split("; "))) == {"pthread_create"}
