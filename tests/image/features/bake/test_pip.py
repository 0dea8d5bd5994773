"""pip does not change the image's Python, and says what does."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from running import run

_HOME = "small-1.0.dist-info"


def pip(*words: str | Path, python: str | Path = sys.executable) -> tuple[int, str]:
    done = run(python, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", *words)
    return done.returncode, done.stderr


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "small-1.0-py3-none-any.whl"
    texts = {
        "small.py": "VALUE = 1\n",
        f"{_HOME}/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n",
        f"{_HOME}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_HOME}/RECORD": "small.py,,\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return path


def test_pip_says_what_to_type_before_it_looks_for_anything() -> None:
    code, said = pip("install", "--user", "numpy")
    assert code == 1
    assert "error: externally-managed-environment" in said
    assert "python -m venv --system-site-packages ~/my" in said
    assert "python -m hpcpy_bake PACKAGE" in said


def test_pip_installs_into_a_folder(wheel: Path, tmp_path: Path) -> None:
    assert pip("install", "--no-index", "--target", tmp_path / "there", wheel)[0] == 0
    assert (tmp_path / "there/small.py").exists()


@pytest.mark.long
def test_pip_installs_into_a_virtual_environment(wheel: Path, tmp_path: Path) -> None:
    make: list[str | Path] = [sys.executable, "-m", "venv", "--system-site-packages"]
    subprocess.run([*make, tmp_path / "my"], check=True)
    own = tmp_path / "my/bin/python"
    assert pip("install", "--no-index", wheel, python=own) == (0, "")
    program = "import numpy, small; print(small.VALUE, small.__file__)"
    done = run(own, "-c", program, check=True)
    assert done.stdout.split()[0] == "1"
    assert str(tmp_path / "my") in done.stdout
