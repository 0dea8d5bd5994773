"""The command line without numpy: listing, help, bad input."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from processes import environment, python

from workloads.__main__ import main
from workloads.errors import WorkloadError
from workloads.mandel.registry import FASTEST, ROW_KERNELS, TECHNIQUES
from workloads.registry import TOOLS, WORKLOADS

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "mpi4py", "numba", "matplotlib", "tqdm", "multiprocessing")


@pytest.mark.parametrize("arguments", [["--help"], ["mandel", "--help"], ["p2p", "--help"]])
def test_help_has_the_exit_codes(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "workloads", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    said = " ".join(done.stdout.split())
    table = (ROOT / "docs/mandelbrot.md").read_text().partition("## Exit codes")[2]
    errors: list[type[WorkloadError]] = [WorkloadError, *WorkloadError.__subclasses__()]
    codes = {one.exit_code for one in errors}
    assert len(codes) == 4
    for code in codes | {0, 130}:
        assert re.search(rf"[:;] {code} ", said)
        assert f"| {code} |" in table


@pytest.mark.parametrize("arguments", [[], ["--help"], ["mandel", "--help"], ["mandel", "--list"]])
def test_help_and_lists_import_nothing_heavy(arguments: Any) -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in "
        f"{HEAVY}), sep='\\n', file=sys.stderr)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout
    assert done.stderr.split() == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, workloads, workloads.mandel.registry\n"
        f"assert not {{*{HEAVY}}} & {{*sys.modules}}"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_every_workload_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown and what in shown for name, (_, what) in WORKLOADS.items())


NAMES = [*WORKLOADS, *TOOLS]
PROGRAMS = ["workloads", *(f"workloads {name}" for name in NAMES)]


STARTERS = [
    "workloads.preflight",
    "workloads.on_dask",
    "workloads.on_spark",
    "workloads.traced",
]


@pytest.mark.parametrize("words", [*PROGRAMS, *STARTERS])
def test_version_is_the_projects(words: str) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    done = python("-m", *words.split(), "--version")
    said = f"workloads of hpcpy {project['project']['version']}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


@pytest.mark.parametrize(
    "words",
    ["pi --json", "doctor --only surroundings --json", "forecast --import json --probe", "startup"],
)
def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path, words: str) -> None:
    name = str(tmp_path / ("x" * 300))
    done = python("-m", "workloads", *words.split(), *(["--"] if words == "startup" else []), name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert name in done.stderr


def test_a_full_or_closed_standard_output_is_no_traceback() -> None:
    command = f"{sys.executable} -m workloads pi --impl python -n 1000"
    for redirected, code, said in (
        (
            "/dev/full",
            73,
            "workloads: standard output: no space left on device; what was printed is not whole\n",
        ),
        ("&-", 0, ""),
    ):
        done = subprocess.run(
            ["sh", "-c", f"{command} >{redirected}"],
            env=environment(PYTHONUNBUFFERED=""),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
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


def test_every_technique_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mandel", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)


def test_orders_of_preference_name_registered_techniques() -> None:
    assert {*FASTEST, *ROW_KERNELS} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--impl nonesuch", "nonesuch"),
        ("--impl json,,json", "unknown technique 'json'"),
        ("--area area3", "area3"),
        ("--area area1-single --size 9 9", "at its own size and limit alone"),
        ("--area area1-single --impl python", "is not for area1-single; one of: numpy-single"),
        ("--workers 0", "at least 1"),
        ("--workers two", "'two'"),
        ("--repeat -1", "at least 1"),
        ("--size 0 10", "--size 0 10"),
        ("--size 10", "expected 2"),
        ("--maxiter -5", "--maxiter -5"),
        ("--maxiter 0", "--maxiter 0"),
        ("--maxiter 2147483648", "--maxiter 2147483648"),
        ("--window nan 1 0 1 --size 2 2 --maxiter 9", "finite"),
        ("--window -inf 1 0 1 --size 2 2 --maxiter 9", "finite"),
        ("--window -1e308 1e308 0 1 --size 2 2 --maxiter 9", "finite"),
        ("--window 1 0 0 1 --size 2 2 --maxiter 9", "XMIN < XMAX"),
        ("--window 0 1 0 1", "--size W H and --maxiter N"),
        ("--window 0 1 0 1 --size 2 2 --maxiter 9 --area area1", "exclude"),
        ("--out mandel.jpeg", "mandel.jpeg"),
        ("--out {tmp}/absent/m.png", "absent"),
        ("--json {tmp}/absent/m.json", "absent"),
        ("--json {tmp}", "is a folder"),
        ("--json /proc/m.json", "cannot be written"),
        ("--plot {tmp}/plot.docx", ".docx"),
        ("--from {tmp}/m.json", "--from is for --plot"),
        ("--scale 1,0", "at least 1"),
        ("--scale 1,,2", "''"),
        ("--scale 1,2 --workers 3", "exclude"),
        ("--profile gprof {tmp}/m.prof", "gprof"),
        ("--profile cprofile", "expected 2"),
        ("--profile cprofile {tmp}/absent/m.prof", "absent"),
        ("--profile viztracer {tmp}/m.txt", ".json"),
        ("--no-such-option", "--no-such-option"),
        ("surplus", "surplus"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mandel", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


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


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("dask", "Python has no module 'distributed' here"),
        ("spark", "no program java here: run it in the image hpcpy-spark"),
    ],
)
def test_a_program_on_a_cluster_gets_one_line_and_code_69_without_it(
    kind: str, says: str, tmp_path: Path
) -> None:
    script = tmp_path / "mine.py"
    script.touch()
    command = [sys.executable, "-m", f"workloads.on_{kind}", str(script)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "JAVA_HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    said = f"on_{kind}: {says}\n"
    assert (done.returncode, done.stdout, done.stderr) == (69, "", said)


@pytest.mark.parametrize("workload", ["mandel", "pi"])
def test_the_rows_of_spark_say_where_they_run(workload: str) -> None:
    done = python("-m", "workloads", workload, "--impl", "spark", JAVA_HOME="/nonexistent")
    says = "spark cannot run here: no program java here: run it in the image hpcpy-spark"
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == f"workloads: {workload}: {says}\n"


def test_an_unknown_workload_gets_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonesuch"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_only_the_first_rank_complains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setenv("PMI_RANK", "2")
    # It waits for the first, ten times as long as this process has run.
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["nonesuch"]) == 2
    assert capsys.readouterr().err == ""
