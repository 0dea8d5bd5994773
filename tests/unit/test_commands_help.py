"""--help and --version of every command print it and do nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment

from hpcpy.cli.commands import COMMANDS
from hpcpy.core import paths
from hpcpy.core.paths import project_version
from tiers import sampled

EVERY = [(), *((name,) for name in COMMANDS)]
NAMES = [" ".join(words) or "hpcpy" for words in EVERY]
# Each starts a Python of its own.
SOME = sampled(
    [pytest.param(words, id=name) for words, name in zip(EVERY, NAMES, strict=True)], keep=3
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("help") / "checkout"
    for name in ("src/hpcpy", "src/workloads", "env", "recipes", "containers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(paths.ROOT / name, folder / name, ignore=ignored)
    for name in ("hpcpy", "pyproject.toml"):
        shutil.copy(paths.ROOT / name, folder)
    return folder


def asked(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a checkout with an empty cache, and check that it makes no file."""
    home = checkout.parent / "home"
    home.mkdir(exist_ok=True)
    before = sorted(checkout.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-I", "-B", checkout / "hpcpy", *words],
        env=environment(HPCPY_CACHE=str(home / "cache"), HOME=str(home)),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert sorted(checkout.rglob("*")) == before
    assert not list(home.iterdir())
    return done


@pytest.mark.parametrize("option", sampled(["--help", "-h"]))
@pytest.mark.parametrize("words", EVERY, ids=NAMES)
def test_help_has_the_usage_and_does_nothing(
    checkout: Path, words: tuple[str, ...], option: str
) -> None:
    done = asked(checkout, *words, option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {' '.join(('hpcpy', *words))} [-h]")


def test_version_is_one_line_and_does_nothing(checkout: Path) -> None:
    done = asked(checkout, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"hpcpy {project_version()}\n"


def test_help_imports_no_command(checkout: Path) -> None:
    code = (
        "import sys; from hpcpy.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name in sys.argv[1:]))"
    )
    modules = [module for module, _ in COMMANDS.values()]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *modules],
        env=environment(PYTHONPATH=str(checkout / "src")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_of_the_workload_is_not_that_of_run() -> None:
    from hpcpy.cli.commands import parse

    assert parse(["run", "mandel", "--help"]).workload == ["mandel", "--help"]
    assert parse(["run", "--", "--help"]).workload == ["--", "--help"]


@pytest.mark.parametrize("words", SOME)
def test_another_option_is_one_line_and_code_2(checkout: Path, words: tuple[str, ...]) -> None:
    done = asked(checkout, *words, "--such-an-option")
    assert (done.returncode, done.stdout) == (2, "")
    name = " ".join(("hpcpy", *words[:1]))
    assert done.stderr.startswith(f"{name}: ")
    assert re.search(rf"see {name}( \w+)? --help$", done.stderr.rstrip()), done.stderr
    assert done.stderr.count("\n") == 1


def test_wrapper_works_by_a_link_in_any_folder_with_anothers_pythonpath(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "typing.py").write_text("raise SystemExit('of another Python')")
    (tmp_path / "tool").symlink_to(checkout / "hpcpy")
    done = subprocess.run(
        ["./tool", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"hpcpy {project_version()}\n"
