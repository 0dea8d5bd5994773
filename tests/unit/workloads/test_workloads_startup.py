"""What a start costs: the command line, programs that fail or are stopped, the report."""

import argparse
from pathlib import Path
from typing import Any

import pytest
from processes import python

from hpcpy_job.__main__ import main as job
from running import printed
from workloads.__main__ import main
from workloads.startup import command
from workloads.startup.registry import TECHNIQUES


@pytest.mark.parametrize("name", ["startup", "forecast"])
def test_a_module_that_is_not_there_is_69(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = job if name == "forecast" else main
    assert run([name, "--import", "json,no_such_module.part"]) == 69
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Python has no module 'no_such_module'" in said


def test_a_failing_program_exits_1_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import sys\nprint('first', file=sys.stderr)\nsys.exit('last words')\n")
    for words in (["forecast"], *(["startup", "--impl", name] for name in TECHNIQUES)):
        assert (job if words == ["forecast"] else main)([*words, "--", str(script)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.endswith("bad.py: ended with exit code 1: last words\n")
    assert list(tmp_path.iterdir()) == [script], "nothing was probed"


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_program_gets_the_variables_of_the_start_not_later_ones(
    technique: Any, tmp_path: Path
) -> None:
    script = tmp_path / "env.py"
    script.write_text(
        "import os, sys\n"
        "assert os.environ['GIVEN'] == 'ü=1' and os.environ['EMPTY'] == ''\n"
        "assert 'LATER' not in os.environ, 'set by the workload itself'\n"
    )
    code = (
        "import os, sys; from workloads.__main__ import main\n"
        "os.environ['LATER'] = '1'; sys.exit(main(sys.argv[1:]))"
    )
    words = ["startup", "--impl", technique, "--", script]
    printed(python("-c", code, *words, GIVEN="ü=1", EMPTY=""))


def test_no_process_left_is_69_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("workloads.startup.techniques.subprocess.Popen", refuse)
    assert main(["startup", "--case", "pass", "--impl", "spawn-many", "--workers", "9"]) == 69
    said = capsys.readouterr().err
    assert said == (
        "workloads: startup: no process can be started (Resource temporarily unavailable)\n"
    )


def test_a_case_that_lacks_a_module_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = {"viztracer": None}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: absent.get(name, name))
    asked = argparse.Namespace(case=[], modules=None, script=[])
    assert [case.name for case in command.WORKLOAD.problems(asked)] == ["pass", "numpy"]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"workloads: startup: {name} is left out, without viztracer"
        for name in ("core", "core+MPI")
    ]
