"""The command line without numpy: listing, help, bad input."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from processes import python

from hpcpy_job.__main__ import COMMANDS, STARTERS
from running import printed
from workloads.__main__ import main
from workloads.registry import TOOLS, WORKLOADS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("words", ["workloads", "hpcpy_job", "hpcpy_job preflight"])
def test_version_is_the_projects(words: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    done = python("-m", *words.split(), "--version")
    said = f"{words.split(maxsplit=1)[0]} of hpcpy {project['project']['version']}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


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


@pytest.mark.parametrize("former", ["workloads doctor", "workloads.preflight"])
def test_a_former_name_goes_on_with_a_line_of_the_first_rank(former: str) -> None:
    name = re.split("[ .]", former)[1]
    line = f"{name} goes from workloads with the next release: python -m hpcpy_job {name}"
    now = python("-m", "hpcpy_job", name, "--help")
    for rank, said in (("0", f"workloads: {line}\n"), ("1", "")):
        done = python("-m", *former.split(), "--help", PMI_RANK=rank, PMI_SIZE="2")
        assert (done.returncode, done.stdout, done.stderr) == (0, now.stdout, said)


def test_only_the_first_rank_complains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setenv("PMI_RANK", "2")
    # It waits for the first, ten times as long as this process has run.
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["nonesuch"]) == 2
    assert capsys.readouterr().err == ""


HEAVY = ("numpy", "mpi4py", "numba", "cupy", "h5py", "pyopencl", "matplotlib", "multiprocessing")
# All in one process: the first that imports one of them is named.
IMPORTS = """
import importlib, sys
for line in sys.argv[1:]:
    try:
        package, *words = line.split()
        importlib.import_module(f"{package}.__main__").main(words)
    except SystemExit:
        pass
    found = {name.partition(".")[0] for name in sys.modules} & {HEAVY}
    assert not found, (line, found)
"""


def test_help_and_lists_import_nothing_heavy() -> None:
    lines = [f"workloads {name} --help" for name in (*WORKLOADS, *TOOLS)]
    lines += [f"workloads {name} --list" for name in WORKLOADS]
    lines += [f"hpcpy_job {name} --help" for name in (*COMMANDS, *STARTERS)]
    lines += ["workloads --help", "hpcpy_job --help", "hpcpy_job doctor --quick --only cpu"]
    program = IMPORTS.replace("{HEAVY}", repr({*HEAVY}))
    shown = printed(python("-c", program, *lines))
    assert "Exit code" in shown
