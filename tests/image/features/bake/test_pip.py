"""pip does not change the image's Python, and says what does."""

import subprocess
import sys
from pathlib import Path

import pytest

from running import run
from small_packages import wheel


def pip(*words: str | Path, python: str | Path = sys.executable) -> tuple[int, str]:
    done = run(python, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", *words)
    return done.returncode, done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return wheel(tmp_path, "small", "1.0", {"small.py": "VALUE = 1\n"})


def test_pip_says_what_to_type_before_it_looks_for_anything() -> None:
    code, said = pip("install", "--user", "numpy")
    assert code == 1
    assert "error: externally-managed-environment" in said
    assert "python -m venv --system-site-packages ~/my" in said
    assert "python -m hpcpy_bake PACKAGE" in said


def test_pip_installs_into_a_folder(small: Path, tmp_path: Path) -> None:
    assert pip("install", "--no-index", "--target", tmp_path / "there", small)[0] == 0
    assert (tmp_path / "there/small.py").exists()


@pytest.mark.long
def test_pip_installs_into_a_virtual_environment(small: Path, tmp_path: Path) -> None:
    make: list[str | Path] = [sys.executable, "-m", "venv", "--system-site-packages"]
    subprocess.run([*make, tmp_path / "my"], check=True)
    own = tmp_path / "my/bin/python"
    assert pip("install", "--no-index", small, python=own) == (0, "")
    program = "import numpy, small; print(small.VALUE, small.__file__)"
    done = run(own, "-c", program, check=True)
    assert done.stdout.split()[0] == "1"
    assert str(tmp_path / "my") in done.stdout


@pytest.mark.parametrize("output", [">&-", "</dev/null >&0"])  # which cannot be written
def test_a_help_that_nobody_gets_is_an_error(output: str) -> None:
    done = run("sh", "-c", f'exec "$0" -m hpcpy_bake --help {output}', sys.executable)
    assert (done.returncode, done.stderr.count("\n")) == (73, 1)
