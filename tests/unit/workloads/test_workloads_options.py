"""The command line: what is wrong is one line with code 2, and what is read is as meant."""

import sys
import tomllib
from pathlib import Path

import pytest
from processes import python

from hpcpy_job.__main__ import COMMANDS, STARTERS
from hpcpy_job.__main__ import main as job
from running import printed
from workloads.__main__ import main
from workloads.p2p.messages import DEFAULT, in_words, sizes
from workloads.registry import TOOLS, WORKLOADS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("words", ["workloads", "hpcpy_job", "hpcpy_job preflight"])
def test_version_is_the_projects(words: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    done = python("-m", *words.split(), "--version")
    said = f"{words.split(maxsplit=1)[0]} of hpcpy {project['project']['version']}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


FIRST_WORDS = {
    "mandle": "unknown workload 'mandle'; did you mean mandel?",
    "--area": "unknown option '--area'; ",
    "pi --nonesuch": "pi: unrecognized arguments: --nonesuch",
}


@pytest.mark.parametrize("words", FIRST_WORDS)
def test_what_is_not_known_is_one_line_and_code_2(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"workloads: {FIRST_WORDS[words]}")


def test_a_chart_that_cannot_be_drawn_is_told_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    chart = tmp_path / "pi.png"
    assert main(["pi", "--impl", "python", "-n", "1000", "--plot", str(chart)]) == 69
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "workloads: pi: --plot: Python has no module 'matplotlib' here\n"


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


# Of one workload in place of all: one parser has these options.
SHARED = {
    "--impl nonesuch": "unknown technique 'nonesuch'; one of: all, auto, ",
    "--workers 1.5": "argument --workers: '1.5' is not a whole number",
    "--workers 100000": "argument --workers: 100000 is more than 1024",
    "--scale 1,2 --workers 3": "--scale and --workers exclude each other",
    "--json {tmp}": "--json {tmp}: is a folder; give a file name",
    "--json {tmp}/none/r.json": "--json {tmp}/none/r.json: there is no folder {tmp}/none",
    "--json /proc/r.json": "--json /proc/r.json: cannot be written",
    "--plot {tmp}/r.docx": "--plot {tmp}/r.docx: ends in none of .png, .pdf, .svg",
}
OWN = {
    "mandel --area area1-single --impl python": "is not for area1-single; one of: numpy-single",
    "mandel --window nan 1 0 1 --size 2 2 --maxiter 9": "finite",
    "mandel --window 1 0 0 1 --size 2 2 --maxiter 9": "XMIN < XMAX",
    "pi -n 1099511627777": "more than 1099511627776",
    "pi --impl python --scale 1,2": "python has no workers",
    "pi --python /nonesuch/python": "--python /nonesuch/python: No such file",
    "write --out {tmp}": "File exists; give the name of a new folder",
    "write --out /proc/out": "No such file or directory",
    "read -s 16001": "more than 16000",
    "linalg --task dot -n 3,46341": "-n 46341: more than 46340, the most for dot",
    "linalg --task dot --impl multiprocessing": "is not for dot; one of: numpy, cupy",
    "p2p --sizes 8,x": "'x' is no size",
    "p2p --scale 1,2": "--scale 1: one rank has nobody to send to",
    "startup --case nonesuch": "'nonesuch' is none of pass, numpy, core, core+MPI",
    "talk nih 5 99": "nih 99: no slide that computes something; 1, 2, 3",
    "talk nih --notebook {tmp}/my.py": "--notebook {tmp}/my.py: would replace a program",
}
JOB = {
    "forecast": "what is to be started?; give -- SCRIPT, or --import NAME",
    "forecast --import json --probe {tmp}/absent": "absent: there is no such folder",
}
CASES = {f"workloads pi {words}": says for words, says in SHARED.items()}
CASES |= {f"workloads {words}": says for words, says in OWN.items()}
CASES |= {f"hpcpy_job {words}": says for words, says in JOB.items()}


@pytest.mark.parametrize(("words", "says"), CASES.items(), ids=[*CASES])
def test_bad_input_gets_one_line_and_code_2(
    words: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package, name, *options = words.format(tmp=tmp_path).split()
    run = main if package == "workloads" else job
    assert run([name, *options]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert shown.err.startswith(f"{package}: {name}: ")
    assert says.format(tmp=tmp_path) in shown.err
    assert not [*tmp_path.iterdir()]


@pytest.mark.usefixtures("alone")
def test_one_rank_is_69_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["p2p", "--impl", "mpi-upper,mpi-lower"]) == 69
    assert capsys.readouterr().err.count("\n") == 1


def test_sizes_are_read_and_shown_in_words() -> None:
    assert sizes("8,4KiB,1mib,8, 16 B") == [8, 16, 4096, 1 << 20]
    assert [in_words(size) for size in (8, 1000, 4096, 3 << 20)] == [
        "8 B", "1,000 B", "4 KiB", "3 MiB",
    ]  # fmt: skip
    assert (len(DEFAULT), DEFAULT[0], DEFAULT[-1]) == (20, 8, 4 << 20)
    assert sizes(",".join(map(in_words, DEFAULT))) == DEFAULT
