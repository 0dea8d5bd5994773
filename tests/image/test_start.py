"""All paths are preset, and Python's ways to change them still do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

LIBRARY = sysconfig.get_path("stdlib")
PROGRAM = """
import json, sys
names = "executable _base_executable prefix exec_prefix base_prefix base_exec_prefix _stdlib_dir"
print(json.dumps({name: getattr(sys, name) for name in [*names.split(), "path"]}))
"""


def seen(*command: str | Path, cwd: Path | None = None, **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [*command, "-c", PROGRAM],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
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
    done = subprocess.run([link, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "/opt/hpcpy/bin"]


def test_a_name_looked_up_in_path_becomes_a_whole_path() -> None:
    assert seen("python3", PATH="/opt/hpcpy/bin")["executable"] == "/opt/hpcpy/bin/python3"


def test_a_link_from_elsewhere_keeps_the_library(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    found = seen("./python", cwd=tmp_path)
    assert found["executable"] == str(link)
    assert found["prefix"] == "/opt/hpcpy"


def test_the_first_line_of_a_script_names_the_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{sys.executable}\nimport sys; print(sys.executable, sys.path[0])\n")
    script.chmod(0o755)
    done = subprocess.run([script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [sys.executable, str(tmp_path)]


def first_path(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["real.py", "./real.py", "../below/real.py", "program"])
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
    (tmp_path / "real/script.py").write_text("import sys; print(sys.path[0])")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/script.py").symlink_to("../real/script.py")
    (tmp_path / "again").symlink_to("links")
    assert first_path("again/script.py", cwd=tmp_path) == str(tmp_path / "real")


def test_a_folder_and_a_zip_file_are_run_as_programs(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/__main__.py").write_text("import sys; print(sys.path[0])")
    assert first_path("folder", cwd=tmp_path).endswith("folder")
    with zipfile.ZipFile(tmp_path / "program.pyz", "w") as archive:
        archive.write(tmp_path / "folder/__main__.py", "__main__.py")
    assert first_path("program.pyz", cwd=tmp_path).endswith("program.pyz")


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
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_script_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "absent.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{sys.executable}: can't open file")
    assert done.stderr.count("\n") == 1


def test_pythonpath_comes_first_and_relative_parts_are_completed(tmp_path: Path) -> None:
    found = seen(sys.executable, cwd=tmp_path, PYTHONPATH="/a:b:./c")
    assert found["path"][:5] == ["", "/a", f"{tmp_path}/b", f"{tmp_path}/c", LIBRARY]


def test_pythonpath_is_taken_as_it_is_where_the_working_folder_is_gone(tmp_path: Path) -> None:
    program = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); "
    program += (
        "os.execv('/opt/hpcpy/bin/python3', ['python3', '-c', 'import sys; print(sys.path)'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": "below"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "'below'" in done.stdout


@pytest.mark.parametrize("option", ["-E", "-I"])
def test_options_that_ignore_variables_ignore_pythonpath(option: str) -> None:
    assert "/a" not in seen(sys.executable, option, PYTHONPATH="/a")["path"]


def test_without_site_only_the_library_is_searched() -> None:
    assert seen(sys.executable, "-S")["path"] == ["", LIBRARY]


def test_pythonhome_is_obeyed() -> None:
    found = seen(sys.executable, PYTHONHOME="/opt/hpcpy", PYTHONPATH="/a")
    assert found["prefix"] == "/opt/hpcpy"
    assert found["path"][1] == "/a"


@pytest.mark.parametrize("symlinks", [True, False])
def test_a_virtual_environment_is_seen_beside_its_program(tmp_path: Path, symlinks: bool) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=symlinks, with_pip=False)
    found = seen(folder / "bin/python")
    assert found["executable"] == f"{folder}/bin/python"
    assert found["prefix"] == found["exec_prefix"] == str(folder)
    assert found["base_prefix"] == found["base_exec_prefix"] == "/opt/hpcpy"
    assert found["_base_executable"].startswith("/opt/hpcpy/bin/")
    assert found["_stdlib_dir"] == LIBRARY
    assert f"{folder}/lib/{Path(LIBRARY).name}/site-packages" in found["path"]


def test_version_and_help_need_no_start() -> None:
    for option in ("--version", "--help"):
        done = subprocess.run([sys.executable, option], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(("Python 3", "usage: "))


def test_an_unknown_option_is_refused_as_by_any_python() -> None:
    done = subprocess.run([sys.executable, "--nonsense"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Unknown option: --nonsense" in done.stderr


@pytest.mark.parametrize(
    ("option", "flag"),
    [
        ("-Xwarn_default_encoding", "warn_default_encoding"),
        ("-Xdev", "dev_mode"),
        ("-Xutf8", "utf8_mode"),
        ("-I", "isolated"),
        ("-E", "ignore_environment"),
        ("-P", "safe_path"),
    ],
)
def test_option_is_not_lost(option: str, flag: str) -> None:
    command = [sys.executable, option, "-c", f"import sys; print(int(sys.flags.{flag}))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("option", "variable", "flag"),
    [
        ("-qq", "", "quiet"),
        ("-dd", "", "debug"),
        ("-ii", "", "inspect"),
        ("-ii", "", "interactive"),
        ("-B", "PYTHONDEBUG", "debug"),
        ("-B", "PYTHONINSPECT", "inspect"),
    ],
)
def test_a_flag_that_is_given_twice_is_1(option: str, variable: str, flag: str) -> None:
    program = f"import os, sys; print(sys.flags.{flag}, flush=True); os._exit(0)"
    environment = {**os.environ, variable: "2"} if variable else dict(os.environ)
    done = subprocess.run(
        [sys.executable, option, "-c", program],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


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
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
    assert "ZeroDivisionError" in done.stderr
    assert "\x1b[" in done.stderr


@pytest.mark.parametrize("words", [["--user-base"], ["--user-site"]])
def test_site_names_the_users_own_folders(words: list[str]) -> None:
    command = [sys.executable, "-m", "site", *words]
    # Exit code 1: they are not in use.
    done = subprocess.run(
        command, env={"HOME": "/home/me"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("/home/me/.local")


def test_paths_are_resolved_in_finalisers_at_the_end() -> None:
    program = (
        "import os, pathlib\n"
        "class One:\n"
        "    def __del__(self, real=os.path.realpath, path=pathlib.Path('/usr/../usr')):\n"
        "        print(real('/usr/.'), path.resolve())\n"
        "one = One()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "/usr /usr\n", "")
