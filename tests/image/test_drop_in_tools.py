"""Mechanisms by which tools hook into imports, look at modules and run programs.

Each is a tool's with a public report, in a table beside this file; a stock CPython 3.14 prints
the same.
"""

import os
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest
from needed import need

from running import run

HERE = Path(__file__).parent
PROGRAMS: dict[str, dict[str, Any]] = {
    name: row
    for table in (HERE / "drop_in.toml", *sorted(HERE.glob("drop_in/*.toml")))
    for name, row in tomllib.loads(table.read_text(encoding="utf-8")).items()
}
MINE = """
COOKED = 1
def f(x):
    return x + COOKED
"""
# The image has a package of this name, too.
OWN = {"tqdm.py": "OWN = True\n", "main.py": "import tqdm\nprint(hasattr(tqdm, 'OWN'))\n"}


def output(
    folder: Path, *words: str, python: str = sys.executable, warns: str = "", **options: Any
) -> str:
    done = run(python, *words, cwd=folder, **options)
    assert done.returncode == 0, done.stderr
    assert (warns in done.stderr) if warns else not done.stderr
    return done.stdout.strip()


def used(name: str, python: str, folder: Path) -> list[str]:
    need(*PROGRAMS[name].get("needs", "").split())
    (folder / "mine.py").write_text(MINE)
    (folder / "main.py").write_text(PROGRAMS[name]["use"])
    return output(folder, "main.py", python=python).splitlines()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_mechanism_works_as_elsewhere(tmp_path: Path, name: str) -> None:
    assert used(name, sys.executable, tmp_path) == PROGRAMS[name]["prints"]


@pytest.mark.parametrize("name", [name for name, row in PROGRAMS.items() if row.get("in_venv")])
def test_a_mechanism_works_in_a_virtual_environment(tmp_path: Path, name: str) -> None:
    venv.create(tmp_path / "venv", system_site_packages=True, symlinks=True)
    assert used(name, f"{tmp_path}/venv/bin/python", tmp_path) == PROGRAMS[name]["prints"]


@pytest.mark.parametrize(
    "tool",
    [
        ["-m", "cProfile", "-o", "/dev/null"],
        ["-m", "pdb", "-c", "continue", "-c", "quit"],
        ["-m", "kernprof", "-o", "/dev/null"],
        ["-m", "viztracer", "--quiet", "-o", "trace.json"],
        ["-m", "mpi4py"],
    ],
    ids=lambda tool: tool[1],
)
def test_a_tool_that_runs_a_script_takes_what_lies_beside_it(
    tmp_path: Path, tool: list[str]
) -> None:
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    printed = output(tmp_path, *tool, "main.py").split("\n")
    assert printed[0] == "True"


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_hidden_package_beside_a_program_on_standard_input_gets_one_line(
    tmp_path: Path, rank: str
) -> None:
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    warns = f"the working folder has another tqdm ({tmp_path}/tqdm.py)" if rank == "0" else ""
    environment = {**os.environ, "PMI_RANK": rank}
    program = OWN["main.py"]
    assert output(tmp_path, "-", warns=warns, input=program, env=environment) == "False"


TESTS = """
import unittest, mine, numpy
class Tests(unittest.TestCase):
    def test_f(self):
        '''
        >>> mine.f(1)
        2
        '''
        self.assertEqual(mine.f(1), numpy.int64(2))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "unittest", "discover", "-q"],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-p", "mine"],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules"],
        ["-m", "doctest", "test_mine.py"],
        ["-m", "compileall", "-q", "."],
        ["-m", "timeit", "-n1", "-r1", "-s", "import mine", "mine.f(1)"],
        ["-m", "zipapp", "program", "-o", "program.pyz"],
        ["program"],
    ],
    ids=" ".join,
)
def test_modules_of_the_library_find_what_lies_in_the_working_folder(
    tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "test_mine.py").write_text(TESTS)
    (tmp_path / "program").mkdir()
    (tmp_path / "program/__main__.py").write_text("import tqdm\nprint(tqdm.tqdm.__name__)\n")
    done = run(sys.executable, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
