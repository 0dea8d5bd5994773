"""The command line without numpy: listing, help, bad input."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest
from processes import environment, python

from running import run
from workloads.__main__ import main
from workloads.errors import WorkloadError
from workloads.registry import WORKLOADS

ROOT = Path(__file__).parents[2]


def test_help_has_the_exit_codes() -> None:
    done = python("-m", "workloads", "--help")
    said = " ".join(done.stdout.split())
    table = (ROOT / "docs/mandelbrot.md").read_text().partition("## Exit codes")[2]
    errors: list[type[WorkloadError]] = [WorkloadError, *WorkloadError.__subclasses__()]
    codes = {one.exit_code for one in errors}
    assert len(codes) == 4
    for code in codes | {0, 130}:
        assert re.search(rf"[:;] {code} ", said)
        assert f"| {code} |" in table


@pytest.mark.parametrize("words", ["workloads", "workloads pi", "workloads.preflight"])
def test_version_is_the_projects(words: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    done = python("-m", *words.split(), "--version")
    said = f"workloads of hpcpy {project['project']['version']}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


@pytest.mark.parametrize("words", ["pi --json", "doctor --only surroundings --json"])
def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path, words: str) -> None:
    name = str(tmp_path / ("x" * 300))
    done = python("-m", "workloads", *words.split(), name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert name in done.stderr


def test_a_full_or_closed_standard_output_is_no_traceback() -> None:
    full = "workloads: standard output: no space left on device; what was printed is not whole\n"
    for redirected, code, said in (("/dev/full", 73, full), ("&-", 0, "")):
        command = f"{sys.executable} -m workloads pi --impl python -n 1000 >{redirected}"
        done = run("sh", "-c", command, env=environment(PYTHONUNBUFFERED=""))
        assert (done.returncode, done.stderr) == (code, said)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("mandle", "unknown workload 'mandle'; did you mean mandel?"),
        ("nosuch", "unknown workload 'nosuch'; one of: "),
        ("--area", "unknown option '--area'; "),
    ],
)
def test_another_first_word_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], word: str, says: str
) -> None:
    assert main([word]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"workloads: {says}")


def test_a_chart_that_cannot_be_drawn_is_told_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    chart = tmp_path / "pi.png"
    assert main(["pi", "--impl", "python", "-n", "1000", "--plot", str(chart)]) == 69
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "workloads: pi: --plot: Python has no module 'matplotlib' here\n"


def test_no_technique_is_listed_that_no_image_has() -> None:
    for command, _ in WORKLOADS.values():
        package = command.rpartition(".")[0]
        techniques = importlib.import_module(f"{package}.registry").TECHNIQUES
        for name, technique in techniques.items():
            assert importlib.util.find_spec(technique.module) is not None, name


def test_a_program_on_spark_gets_one_line_and_code_69_without_it(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    done = python("-m", "workloads.on_spark", tmp_path / "mine.py", JAVA_HOME=str(tmp_path))
    said = "on_spark: no program java here: run it in the image hpcpy-spark\n"
    assert (done.returncode, done.stdout, done.stderr) == (69, "", said)


def test_only_the_first_rank_complains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setenv("PMI_RANK", "2")
    # It waits for the first, ten times as long as this process has run.
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["nonesuch"]) == 2
    assert capsys.readouterr().err == ""
