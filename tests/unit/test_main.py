"""The command, the Makefile that calls it, and a checkout that cannot be written."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment, read_only

from hpcpy import paths
from hpcpy.__main__ import COMMANDS, main

MAKEFILE = paths.ROOT / "Makefile"
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")


def hpcpy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpcpy", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def make_help() -> dict[str, str]:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = re.findall(r"^  make (\S+) +(\S.*)$", done.stdout, re.MULTILINE)
    assert len(rows) == len(done.stdout.splitlines())
    return dict(rows)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE.read_text(), re.MULTILINE))


def test_help_lists_every_command() -> None:
    done = hpcpy("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, (_, what) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(what)}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_can_be_called(name: str) -> None:
    module = importlib.import_module(COMMANDS[name][0])
    assert list(inspect.signature(module.main).parameters) != []


def test_no_command_is_bad_input_with_the_list() -> None:
    done = hpcpy()
    assert done.returncode == 2
    assert "clean-cache" in done.stdout


def test_unknown_command_is_one_line_and_bad_input() -> None:
    done = hpcpy("biuld")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("hpcpy: unknown command 'biuld'; one of: setup, ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("build",), ("build", "iso"), ("build", "oci", "hpyc"), ("clean-cache", "x")]
)
def test_bad_input_is_one_line(arguments: tuple[str, ...]) -> None:
    done = hpcpy(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"hpcpy {arguments[0]}: ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_has_the_shells_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("hpcpy.clean"), "main", interrupted)
    assert main(["clean-cache"]) == 130
    assert (
        capsys.readouterr().err
        == "hpcpy clean-cache: stopped; the same command goes on from here\n"
    )


def test_read_only_checkout_ends_in_one_line(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("src/hpcpy", "src/workloads", "env", "recipes", "containers"):
        shutil.copytree(paths.ROOT / name, checkout / name)
    shutil.copy(paths.ROOT / "pyproject.toml", checkout)
    done = subprocess.run(
        [*read_only(checkout), sys.executable, "-m", "hpcpy", "build", "sif"],
        env=environment(PYTHONPATH=str(checkout / "src"), HPCPY_CACHE=str(tmp_path / "cache")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 73
    assert done.stderr.count("\n") == 1
    assert f"{checkout / 'build'}: cannot be written (Read-only file system)" in done.stderr
    assert not (tmp_path / "cache").exists()


@needs_make
def test_make_alone_is_help() -> None:
    alone = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"(?m)^  make (\S+)", alone.stdout) == list(make_help())


@needs_make
def test_every_target_is_in_help_and_every_line_of_help_is_a_target() -> None:
    assert set(make_help()) == targets()


@needs_make
def test_every_target_is_phony_and_can_be_expanded() -> None:
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE.read_text(), re.MULTILINE)[1].split())  # type: ignore[index]
    assert phony == targets()
    for target in make_help():
        subprocess.run(["make", "-n", target], cwd=paths.ROOT, check=True, capture_output=True)


def test_makefile_calls_commands_that_there_are() -> None:
    called = re.findall(r"\$\(HPCPY\) (\S+)", MAKEFILE.read_text())
    assert called
    assert [name for name in called if name not in COMMANDS] == []


def test_makefile_is_an_index() -> None:
    assert len(MAKEFILE.read_text().splitlines()) < 120


def test_a_ctrl_c_within_an_exec_is_130_as_anywhere(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "sys.modules['hpcpy.check'] = check = types.ModuleType('check')\n"
        "check.main = lambda _: exec('raise KeyboardInterrupt')\n"
    )
    variables = environment()
    path = os.pathsep.join([str(tmp_path), variables["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "hpcpy", "check"],
        env={**variables, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr == "hpcpy check: stopped; the same command goes on from here\n"
