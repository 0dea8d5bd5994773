"""What a feature of the interpreter is made of; where it looks for the library of MPI."""

import ctypes
import re
import tomllib
from pathlib import Path

from fuzzing import DRIVERS, compiled
from small_bundle import FEATURES

from hpcpy.core.paths import ROOT
from hpcpy.images.graph import the_graph
from running import printed, run

NAMES = [path.name for path in sorted(FEATURES.iterdir()) if path.is_dir()]
TABLE = FEATURES.parent / "start/wraps.toml"
WRAPS = tomllib.loads(TABLE.read_text())
# This feature is in no image for users.
OWN_TESTS = {"sanitize": "image_sanitized"}


def test_the_image_has_all_but_what_is_for_tests_and_the_plain_one_none() -> None:
    graph = the_graph()
    assert {*graph.image("hpcpy").features, *OWN_TESTS} == {*NAMES}
    assert graph.image("plain").features == ()


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


def test_a_program_that_renames_itself_still_gets_the_sites_library(tmp_path: Path) -> None:
    (tmp_path / "libmpi.so.12").touch()
    program = compiled(tmp_path / "renamed", DRIVERS / "renamed.c")
    assert printed(run(program, "libmpi.so.12", env={"LD_LIBRARY_PATH": str(tmp_path)})) == "0\n"
