"""The bundle wins, unless users ask for a package of their own, which then wins as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_bundle import Installation, distribution, write

FILES = {
    "twofold/__init__.py": "VERSION = 1\n",
    "twofold/part.py": "VERSION = 1\n",
    "twofold/old.py": "VERSION = 1\n",
    "companion.py": "VERSION = 1\n",
    "sitecustomize.py": "import sys\nsys.customized = 'ours'\n",
    **distribution("Two-Fold", "1", "twofold/__init__.py", "companion.py"),
}
OWN = {
    "twofold/__init__.py": "VERSION = 2\n",
    "twofold/part.py": "VERSION = 2\n",
    "companion.py": "VERSION = 2\n",
}
VERSIONS = """
import twofold, twofold.part, companion
print(twofold.VERSION, twofold.part.VERSION, companion.VERSION)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


@pytest.fixture
def own(installed: Installation) -> str:
    folder = installed.folder / "own"
    write(folder, OWN)
    return str(folder)


def test_bundle_comes_before_the_working_folder(installed: Installation) -> None:
    write(installed.folder, OWN)
    assert installed.says(VERSIONS) == "1 1 1"


@pytest.mark.parametrize("asked", ["two-fold", "x, companion"])
def test_named_package_is_replaced_with_all_of_its_distribution(
    installed: Installation, own: str, asked: str
) -> None:
    assert installed.says(VERSIONS, PYTHONPATH=own, HPCPY_PREFER=asked) == "2 2 2"


def test_variable_is_not_read_by_an_isolated_python(installed: Installation) -> None:
    assert installed.says(VERSIONS, "-I", HPCPY_PREFER="twofold") == "1 1 1"


# Calls it as the line in `site` does: the running Python has started already.
START_SITE = """
import site
site.ENABLE_USER_SITE = None
# Debian's Python has imported one, which lies beside its standard library.
sys.modules.pop("sitecustomize", None)
_hpcpy_site.main_for(vars(site))()
"""


def venv(folder: Path, *options: str) -> tuple[str, Path]:
    command = [sys.executable, "-m", "venv", "--without-pip", *options, str(folder)]
    subprocess.run(command, check=True)
    return str(folder / "bin/python"), next(folder.glob("lib/python3*/site-packages"))


def in_venv(installed: Installation, python: str, program: str) -> str:
    done = installed.run(START_SITE + program, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_venvs_own_package_wins_as_a_whole(installed: Installation) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, OWN)
    assert in_venv(installed, python, VERSIONS) == "2 2 2"
    assert in_venv(installed, python, "import sys; print(sys.customized)") == "ours"


def test_venvs_editable_package_wins(installed: Installation, own: str) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, {"own.pth": f"{own}\n", **distribution("two_fold", "2")})
    assert in_venv(installed, python, VERSIONS) == "2 2 2"


def test_by_the_path_what_comes_first_wins(installed: Installation, own: str) -> None:
    assert installed.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="stock") == "2 2 2"
    # What nothing on the path replaces comes from the bundle, without a file.
    assert installed.says(START_SITE + VERSIONS, HPCPY_SITE="stock") == "1 1 1"
    assert installed.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="other") == "1 1 1"
