"""At its end a process does all that a program can see, and leaves memory to the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import atexit, builtins, os, sys, weakref
class Thing:
    def __init__(self, mark):
        self.mark = mark
    def __del__(self, write=os.write):
        write(1, self.mark)
class Number(int):
    pass
atexit.register(os.write, 1, b"atexit ")
held = Thing(b"module ")
cycle = Thing(b"cycle ")
cycle.me = cycle
sys.held = Thing(b"sys ")
builtins.held = Thing(b"builtins ")
Number.held = Thing(b"class ")
kept = open(sys.argv[1], "w")
kept.write("written")
print("buffered", end=" ")
"""


def test_all_finalisers_run_and_files_are_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    command = [sys.executable, "-c", _PROGRAM, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[:2] == ["atexit", "buffered"]
    assert sorted(words[2:]) == ["builtins", "class", "cycle", "module", "sys"]
    assert file.read_text() == "written"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("option", "variables"),
    [
        ("-Xdev", {}),
        ("-Xtracemalloc", {}),
        ("-Ximporttime", {}),
        ("-Xfaulthandler", {"PYTHONMALLOC": "debug"}),
    ],
)
def test_it_ends_well_under_python_s_own_checks(option: str, variables: dict[str, str]) -> None:
    program = "import numpy, json; class_ = type('Made', (dict,), {}); kept = class_()"
    command = [sys.executable, option, "-c", program]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "rror" not in done.stderr


def test_an_interpreter_that_ends_before_the_process_ends_in_full() -> None:
    program = """
from concurrent import interpreters
for _ in range(3):
    one = interpreters.create()
    one.exec("class Made(dict): held = {1}; import json; names = ['a%d' % i for i in range(99)]")
    one.close()
print(len(interpreters.list_all()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_an_exit_code_and_an_error_in_a_finaliser_are_told() -> None:
    program = """
import sys
class Thing:
    def __del__(self):
        raise ValueError("at the end")
held = Thing()
sys.exit(3)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "ValueError: at the end" in done.stderr
