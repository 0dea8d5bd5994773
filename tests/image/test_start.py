"""All paths are preset, and Python's ways to change them still do."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from running import printed, run

LIBRARY = sysconfig.get_path("stdlib")
PROGRAM = """
import json, sys
names = "executable _base_executable prefix exec_prefix base_prefix base_exec_prefix _stdlib_dir"
print(json.dumps({name: getattr(sys, name) for name in [*names.split(), "path"]}))
"""


def seen(*command: str | Path, cwd: Path | None = None, **variables: str) -> dict[str, Any]:
    done = run(*command, "-c", PROGRAM, cwd=cwd, env={"PATH": os.environ["PATH"], **variables})
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_plain_start_knows_its_places() -> None:
    found = seen(sys.executable)
    assert found["executable"] == found["_base_executable"] == sys.executable
    assert {found[key] for key in found if key.endswith("prefix")} == {"/opt/hpcpy"}
    assert found["_stdlib_dir"] == LIBRARY
    assert found["path"] == ["", LIBRARY, f"{LIBRARY}/site-packages"]


def test_sysconfig_needs_no_look_around(tmp_path: Path) -> None:
    # A folder that looks like CPython's source tree is none.
    (tmp_path / "bin/Modules").mkdir(parents=True)
    (tmp_path / "bin/Modules/Setup").touch()
    link = tmp_path / "bin/python3"
    link.symlink_to(sys.executable)
    program = "import sysconfig as s; print(s.is_python_build(), s.get_config_var('projectbase'))"
    done = run(link, "-c", program, check=True)
    assert done.stdout.split() == ["False", "/opt/hpcpy/bin"]


def first_path(*command: str | Path, cwd: Path) -> str:
    return printed(run(sys.executable, *command, cwd=cwd)).strip()


@pytest.mark.parametrize("name", ["../below/real.py", "program"])
def test_a_scripts_folder_is_searched_first(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "below"
    folder.mkdir()
    for script in ("real.py", "program"):
        (folder / script).write_text("import sys; print(sys.path[0], sys.argv[0], __file__)")
    said = first_path(name, cwd=folder).split()
    assert said[:2] == [str(folder), name]
    assert Path(said[2]).samefile(folder / name)


def test_the_folder_of_a_linked_script_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/script.py").write_text("import sys; print(sys.path[0], __file__)")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/script.py").symlink_to("../real/script.py")
    (tmp_path / "again").symlink_to("links")
    said = first_path("again/script.py", cwd=tmp_path)
    assert said == f"{tmp_path}/real {tmp_path}/again/script.py"


def test_a_traceback_is_printed_when_nothing_can_be_imported_any_more() -> None:
    program = """
import sys, traceback
class Late:
    def __init__(self): self.print_exc = traceback.print_exc
    def __del__(self, print_exc=traceback.print_exc):
        try:
            1 / 0
        except ZeroDivisionError:
            print_exc()
late = Late()
"""
    command = [sys.executable, "-c", program]
    done = run(*command, check=True)
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_pythonpath_comes_first_and_relative_parts_are_completed(tmp_path: Path) -> None:
    found = seen(sys.executable, cwd=tmp_path, PYTHONPATH="/a:b:./c")
    assert found["path"][:5] == ["", "/a", f"{tmp_path}/b", f"{tmp_path}/c", LIBRARY]


def test_an_unknown_option_is_refused_as_by_any_python() -> None:
    done = subprocess.run([sys.executable, "--nonsense"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Unknown option: --nonsense" in done.stderr


# Options and variables, each alternative for itself; what is asked of Python, and its answer.
FLAGS = [
    ("-O | PYTHONOPTIMIZE=1", "__debug__, sys.flags.optimize, json.__doc__[:4]", "False 1 JSON"),
    ("-OO | PYTHONOPTIMIZE=2", "__debug__, sys.flags.optimize, json.__doc__", "False 2 None"),
    ("-O | -OO", "__import__('numpy').arange(3).sum(), __import__('h5py').__name__", "3 h5py"),
    ("-O -X frozen_modules=off | PYTHONMALLOC=malloc | -bb", "json.dumps(1)", "1"),
    ("-B | PYTHONDONTWRITEBYTECODE=1", "sys.dont_write_bytecode", "True"),
    ("-B PYTHONDEBUG=2", "sys.flags.debug", "1"),
    ("-I PYTHONPATH=/a PYTHONOPTIMIZE=2", "sys.path[0], __debug__", "{} True"),
    ("-E PYTHONPATH=/a", "sys.flags.ignore_environment, sys.path[1]", "1 {}"),
    ("-S", "'site' in sys.modules, sys.path[-1]", "False {}"),
    ("-s | PYTHONNOUSERSITE=1", "sys.flags.no_user_site", "1"),
    ("-P | PYTHONSAFEPATH=1", "sys.flags.safe_path, sys.path[0]", "True {}"),
    ("-u | PYTHONUNBUFFERED=1", "sys.stdout.write_through", "True"),
    ("-ii | PYTHONINSPECT=1", "sys.flags.inspect", "1"),
    ("-W error | PYTHONWARNINGS=error", "sys.warnoptions", "['error']"),
    ("-R PYTHONHASHSEED=0", "sys.flags.hash_randomization", "1"),
    ("PYTHONHASHSEED=0", "sys.flags.hash_randomization", "0"),
    ("-X dev | PYTHONDEVMODE=1", "sys.flags.dev_mode", "True"),
    ("-X utf8=0 | PYTHONUTF8=0", "sys.flags.utf8_mode", "0"),
    ("PYTHONIOENCODING=latin-1", "sys.stdout.encoding", "iso8859-1"),
    ("-X frozen_modules=off | PYTHONHOME=/opt/hpcpy", "os.__file__", "{}/os.py"),
    ("PYTHONPLATLIBDIR=lib64", "sys.platlibdir, os.__file__", "lib {}/os.py"),
    ("-X warn_default_encoding", "sys.flags.warn_default_encoding", "1"),
    ("-X int_max_str_digits=700", "sys.flags.int_max_str_digits", "700"),
    ("-X cpu_count=3 | PYTHON_CPU_COUNT=3", "os.cpu_count()", "3"),
    ("-X tracemalloc | PYTHONTRACEMALLOC=1", "__import__('tracemalloc').is_tracing()", "True"),
    ("-X faulthandler | PYTHONFAULTHANDLER=1", "__import__('faulthandler').is_enabled()", "True"),
    ("-X pycache_prefix=/a | PYTHONPYCACHEPREFIX=/a", "sys.pycache_prefix", "/a"),
    ("-X no_debug_ranges", "next((lambda: 1).__code__.co_positions())[2]", "None"),
]
CASES = [(given, *row) for alternatives, *row in FLAGS for given in alternatives.split(" | ")]


@pytest.mark.parametrize(("given", "asked", "answer"), CASES)
def test_an_option_and_a_variable_do_what_they_do_in_any_python(
    given: str, asked: str, answer: str
) -> None:
    words = given.split()
    variables = dict(word.split("=", 1) for word in words if word.startswith("PYTHON"))
    options = [word for word in words if not word.startswith("PYTHON")]
    # -i would go on at the prompt.
    program = f"import json, os, sys; print({asked}, flush=True); os._exit(0)"
    done = run(sys.executable, *options, "-c", program, env={**os.environ, **variables})
    assert (done.stdout, done.stderr) == (f"{answer.format(LIBRARY)}\n", "")


def test_what_colours_tracebacks_is_imported_with_the_first_one() -> None:
    program = """
import sys, traceback
before = "_colorize" in sys.modules
try:
    1 / 0
except ZeroDivisionError as error:
    traceback.print_exception(error, colorize=True)
print(before, traceback._colorize is sys.modules["_colorize"])
"""
    command = [sys.executable, "-c", program]
    done = run(*command, check=True)
    assert done.stdout == "False True\n"
    assert "ZeroDivisionError" in done.stderr
    assert "\x1b[" in done.stderr
