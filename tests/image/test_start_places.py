"""However it is started, this Python knows its file, its library and its environment."""

import json
import os
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from needed import lacking

import running

PREFIX = "/opt/hpcpy"
PROGRAM = """
import sys, json, inspect
print(json.dumps([sys.executable, sys.prefix, sys.base_prefix,
                  inspect.getsource(json.decoder).count("class JSONDecoder")]))
"""
# Those that look for files of their own when they are imported.
PACKAGES = (
    "import numba, viztracer; print('none')"
    if lacking("dask", "matplotlib")
    else "import dask, distributed, matplotlib; print(dask.config.get('scheduler', 'none'))"
)
CALLBACK = "import ctypes; print(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(41))"
# What callers put into argv[0]: reloaders, login shells, `exec -a`, broken programs.
CALLED = [None, "-python3", ""]
LOADER = next(
    str(file) for folder in ("/lib64", "/lib") for file in Path(folder).glob("ld-linux-*.so.*")
)


def printed(*words: str, file: str | None = None, **more: Any) -> str:
    """Run a program, `file` where it is not the first word, and return what it prints."""
    if file is not None:
        # Python itself refuses to start a program with an empty name.
        words = ("bash", "-c", 'exec -a "$0" "$@"', words[0], file, *words[1:])
    return running.printed(running.run(*words, **more)).strip()


def found(*words: str, file: str | None = None, **more: Any) -> list[Any]:
    told: list[Any] = json.loads(printed(*words, "-c", PROGRAM, file=file, **more))
    return told


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "environment"
    venv.create(folder, system_site_packages=True, symlinks=True)
    return folder


@pytest.mark.parametrize("name", CALLED)
def test_the_file_that_runs_counts_and_not_the_callers_word(name: str | None) -> None:
    words = [sys.executable if name is None else name]
    assert found(*words, file=sys.executable) == [sys.executable, PREFIX, PREFIX, 1]
    assert printed(*words, "-c", PACKAGES, file=sys.executable) == "none"


@pytest.mark.parametrize("name", CALLED)
def test_a_virtual_environment_is_known_by_its_link(environment: Path, name: str | None) -> None:
    program = f"{environment}/bin/python"
    words = [program if name is None else name]
    assert found(*words, file=program) == [program, str(environment), PREFIX, 1]
    assert printed(*words, "-c", PACKAGES, file=program) == "none"


def test_a_program_that_starts_itself_anew_is_the_same(environment: Path) -> None:
    again = "import os, sys; os.execv(sys.executable, ['python', *sys.argv[1:]])"
    for program, prefix in ((sys.executable, PREFIX), (f"{environment}/bin/python", environment)):
        told = json.loads(printed(program, "-c", again, "-c", PROGRAM))
        assert told == [program, str(prefix), PREFIX, 1]


def test_links_and_bare_and_relative_names(tmp_path: Path) -> None:
    folder, name = os.path.split(sys.executable)
    (tmp_path / "first").symlink_to(sys.executable)
    (tmp_path / "second").symlink_to("first")
    expected = [PREFIX, PREFIX, 1]
    assert found(name, env={"PATH": folder}) == [sys.executable, *expected]
    assert found(f"./{name}", cwd=folder) == [sys.executable, *expected]
    for link in ("first", "second"):
        assert found(f"./{link}", cwd=tmp_path) == [f"{tmp_path}/{link}", *expected]
        assert found("anything", file=f"{tmp_path}/{link}") == [f"{tmp_path}/{link}", *expected]


@pytest.mark.parametrize("first", ["{} -E", "/usr/bin/env python"])
def test_the_first_line_of_a_script(environment: Path, tmp_path: Path, first: str) -> None:
    program = f"{environment}/bin/python"
    script = tmp_path / "script"
    script.write_text(f"#!{first.format(program)}\n{PROGRAM}")
    script.chmod(0o755)
    path = f"{environment}/bin:/usr/bin"
    told = json.loads(printed(str(script), env={"PATH": path}))
    assert told == [program, str(environment), PREFIX, 1]


def test_the_loader_may_be_started_instead(environment: Path) -> None:
    program = f"{environment}/bin/python"
    assert found(LOADER, sys.executable) == [sys.executable, PREFIX, PREFIX, 1]
    assert found(LOADER, program) == [program, str(environment), PREFIX, 1]
    told = found(LOADER, "--argv0", "anything", sys.executable)
    assert told == [os.path.realpath(sys.executable), PREFIX, PREFIX, 1]
    assert printed(LOADER, sys.executable, "-c", PACKAGES) == "none"


def test_callbacks_can_be_made(environment: Path) -> None:
    for program in (sys.executable, f"{environment}/bin/python"):
        assert printed(program, "-c", CALLBACK) == printed(LOADER, program, "-c", CALLBACK) == "42"
    assert printed("anything", "-c", CALLBACK, file=sys.executable) == "42"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "copied"
    venv.create(folder, symlinks=False)
    return folder


@pytest.mark.parametrize("end", ["", "//"])
def test_a_copied_environment_belongs_to_its_home(copied: Path, tmp_path: Path, end: str) -> None:
    settings = copied / "pyvenv.cfg"
    home, *others = settings.read_text().splitlines()
    assert home.rstrip("/") == f"home = {Path(sys.executable).parent}"
    settings.write_text("\n".join([f"{home.rstrip('/')}{end}", *others, ""]))
    (tmp_path / "linked").symlink_to(copied)
    for called in (copied, tmp_path / "linked"):
        program = f"{called}/bin/python"
        expected = [program, str(called), PREFIX, 1]
        assert found(program) == found("anything", file=program) == expected


def test_a_copy_alone_uses_the_images_library(copied: Path, tmp_path: Path) -> None:
    program = tmp_path / "python"
    os.link(copied / "bin/python", program)
    assert found(str(program)) == [str(program), PREFIX, PREFIX, 1]


@pytest.mark.parametrize("given", [":", ".", "./", "x:", "./x", "/:"])
def test_a_relative_entry_of_pythonpath_is_absolute(given: str, tmp_path: Path) -> None:
    program = "import sys; print(*sys.path[:-2])"
    for folder in ("/", str(tmp_path)):
        entries = [str(Path(folder, entry)) for entry in given.split(":")]
        told = printed(sys.executable, "-Pc", program, cwd=folder, env={"PYTHONPATH": given})
        assert told.split() == [*dict.fromkeys(entries)]
