"""The command, its exit codes, a checkout that cannot be written, and ASCII alone."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from processes import environment, python

from hpcpy.__main__ import main
from hpcpy.commands import COMMANDS, parse
from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.engine import venv
from running import Done, printed, run, start
from tiers import sampled


def hpcpy(*arguments: str, **variables: str) -> Done:
    return python("-m", "hpcpy", *arguments, **variables)


@pytest.mark.parametrize("name", sampled(COMMANDS, keep=3))
def test_help_has_the_usage_and_makes_nothing(name: str, tmp_path: Path) -> None:
    shown = printed(hpcpy(name, "--help", HOME=str(tmp_path), HPCPY_CACHE=str(tmp_path / "cache")))
    called = "python -m hpcpy_job" if name in ("doctor", "forecast") else "./hpcpy"
    assert shown.startswith(f"usage: {called} {name} [-h]")
    assert list(tmp_path.iterdir()) == []


# As an older Python would, which this machine need not have.
OLD = "import pathlib, runpy, signal, sys; sys.version_info = 3, 9; runpy.run_path(sys.argv[1])"


def test_an_older_python_is_told_what_needs_none() -> None:
    done = run(sys.executable, "-c", OLD, paths.ROOT / "hpcpy")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    assert done.stderr.startswith("hpcpy: no Python 3.11 or newer; name one: make PYTHON=FILE, ")
    assert done.stderr.endswith("; the one file needs none: ./hpcpy-python -m hpcpy\n")


def test_help_of_a_workload_is_not_that_of_run() -> None:
    assert parse(["run", "--", "mandel", "--help"]).program == ["mandel", "--help"]


def test_a_link_to_the_command_works_with_anothers_pythonpath(tmp_path: Path) -> None:
    (tmp_path / "typing.py").write_text("raise SystemExit('of another Python')")
    (tmp_path / "tool").symlink_to(paths.ROOT / "hpcpy")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    shown = printed(run("./tool", "--version", cwd=tmp_path, env=variables))
    assert shown == f"hpcpy {project_version()}\n"


def test_no_command_or_an_unknown_one_is_bad_input() -> None:
    done = hpcpy()
    assert (done.returncode, "modulefile" in done.stdout) == (2, True)
    done = hpcpy("biuld")
    says = "hpcpy: unknown command 'biuld'; did you mean build?\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build", "iso"], ""),
        (["build", "oci", "hpyc"], ""),
        (["build", "sif", "--arch", "vax"], "no 'vax'; there are: x86_64, aarch64"),
        (["fetch", "--fix"], ""),
        (["sbom", "a", "b\nc"], ""),
        (["cluster", "--status", f"--folder={'9' * 5000}"], ": file name too long\n"),
        (["release", "--to="], "an empty value names nothing"),
        (["pack", ""], "an empty value names nothing"),
        (["pack", "/usr", "--to=x"], "/usr: there is no such SIF"),
        (["setup", "--", "docker"], "no tool group 'docker'"),
        (["lock", "--only", "nunpy"], "; did you mean numpy?\n"),
        (["lock", "--only", "NUMPY"], "; did you mean numpy?\n"),
        (["relink", "numpy"], "no package 'numpy' in debian.lock; make lock NAME=numpy"),
        (["relink", "openssl", "--image=hpcpi"], "no image 'hpcpi'; there are: base, builder"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"hpcpy {arguments[0]}: ")
    assert (said.count("\n"), says in said) == (1, True), said


def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path) -> None:
    given = str(tmp_path / ("x" * 300))
    done = hpcpy("pack", given)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert given in done.stderr


def buffered() -> dict[str, str]:
    """Return variables without PYTHONUNBUFFERED, with which argparse ignores errors of --help."""
    return {k: v for k, v in environment().items() if k != "PYTHONUNBUFFERED"}


PLAN = "hpcpy batch --dry --site=biowulf --nodes=2 -- -m workloads pi"
PI = "workloads pi --impl python -n 1000"


@pytest.mark.parametrize(
    "command",
    [
        *("hpcpy --help", PLAN, PLAN.replace("--dry", "--script=-"), PI, "workloads pi --help"),
        *("hpcpy site", "hpcpy docs", "hpcpy_job doctor --quick", "hpcpy_job on_dask --help"),
    ],
)
@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        (">/dev/full", 73, "^({}).*: standard output.*no space left on device.*\n$"),
        (">&-", 73, "^({}).*: standard output: it is closed; the output is incomplete\n$"),
        ("<&- >/dev/null", 0, ""),
    ],
)
def test_output_that_is_not_taken_is_one_line(
    command: str, where: str, code: int, said: str
) -> None:
    script = f'"$0" -m {command} {where}'
    # Unbuffered, as the one file's is, a write fails within argparse.
    env = {**buffered(), "PYTHONUNBUFFERED": "1" if "--help" in command else ""}
    done = run("bash", "-c", script, sys.executable, env=env)
    # Which of its words names it is the package's affair.
    name = "|".join(command.split()[:2])
    assert done.returncode == code
    assert re.search(said.format(name), done.stderr, re.IGNORECASE | re.MULTILINE)
    assert not re.search("Traceback|Exception ignored", done.stderr)


# Closed; or open to read alone, as a shell's wrapper around Python leaves it.
@pytest.mark.parametrize("where", sampled(["2>&-", "2</dev/null", "2>/dev/full"]))
@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        ("hpcpy launch --dry --image=/nowhere/x.sif -- /nowhere/x.py", 0, "#!/bin/bash\n"),
        ("hpcpy batch -- nowhere.py", 2, ""),
        ("hpcpy_job preflight nowhere.py", 2, ""),
        ("workloads pi --impl python -n 1000 --json /nowhere/x.json", 2, ""),
    ],
)
def test_a_remark_that_cannot_be_printed_stops_nothing(
    command: str, code: int, out: str, where: str
) -> None:
    done = run("bash", "-c", f'"$0" -m {command} {where}', sys.executable, env=environment())
    assert (done.returncode, done.stdout[:12]) == (code, out)


@pytest.mark.parametrize("command", ["hpcpy --help", PLAN])
def test_a_reader_who_has_left_is_no_error_to_tell(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as pipe:
        job = start(sys.executable, "-m", *command.split(), env=buffered(), stdout=pipe)
    said = job.communicate()[1]
    assert job.returncode == 141
    assert not re.search("Traceback|Exception ignored", said)


def test_a_home_that_is_not_there_is_one_line() -> None:
    # A user without a name and HOME has none, either: pathlib raises the same error for both.
    done = hpcpy("fetch", HPCPY_CACHE="~nobody-has-this-name/cache")
    assert done.returncode == 2
    assert re.fullmatch(r"hpcpy fetch: .* no such home; set HPCPY_CACHE .*\n", done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_cache_that_is_closed_to_the_user_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "hpcpy/downloads").mkdir(parents=True)
    (tmp_path / "hpcpy").chmod(0o700)
    code = (
        "import encodings.utf_8_sig, os, sys, hpcpy.fetch.command; from hpcpy.__main__ import main;"
        " os.setuid(65534); sys.exit(main(['fetch']))"
    )
    done = python("-c", code, HPCPY_CACHE=str(tmp_path))
    assert done.returncode == 73
    assert done.stderr.startswith(f"hpcpy fetch: {tmp_path}")
    assert done.stderr.endswith("permission denied; set HPCPY_CACHE to a folder of your own\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["hpcpy", "--help"], ["make", "-f", "Makefile", "help"]])
def test_the_folder_it_is_called_in_gives_it_no_code(words: list[str], tmp_path: Path) -> None:
    # Other users may write there, as in /tmp.
    for name in ("argparse", "hpcpy", "sitecustomize", "usercustomize", "hpcpy_common"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hostile')\n")
    words = [str(paths.ROOT / word) if (paths.ROOT / word).is_file() else word for word in words]
    assert "build" in printed(run(*words, cwd=tmp_path))


@pytest.mark.long
def test_nor_gives_it_any_to_a_virtual_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("venv", "pip", "subprocess", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hostile')\n")
    lock = tmp_path / "empty.lock"
    lock.touch()
    monkeypatch.chdir(tmp_path)
    venv._make(tmp_path / "made", lock, sys.executable, "of a test")
    assert (tmp_path / "made/bin/pip").exists()


# The stream's encoding alone, and a locale without UTF-8.
ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
HELP = ["workloads", "workloads mandel --help", "workloads pi --list", "hpcpy --help"]


@pytest.mark.parametrize("variables", ASCII)
def test_a_stream_may_take_ascii_alone(variables: dict[str, str], tmp_path: Path) -> None:
    for words in HELP:
        shown = printed(python("-m", *words.split(), **variables))
        assert shown.isascii(), words
        assert "?" not in shown, words
    for words in ("workloads pi --impl näme", "hpcpy näme"):
        said = python("-m", *words.split(), **variables).stderr
        assert "Traceback" not in said
        assert said.isascii() or "LC_ALL" in variables, "there the word's bytes come back"
    report = tmp_path / "pi.json"
    words = f"workloads pi --impl python -n 1000 --json {report}"
    assert r" 1.0\xd7 " in printed(python("-m", *words.split(), **variables))
    assert json.loads(report.read_text("utf-8"))["workload"] == "pi"
