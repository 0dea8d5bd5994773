"""``-m hpcpy`` of the one file is its own, and a checkout's ./hpcpy is the checkout's."""

import os
from pathlib import Path

import pytest
from standalone_host import built, clean, without_a_folder

from hpcpy.core import paths
from running import printed, run

HOSTILE = "raise SystemExit('hostile')\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Give a folder with others of this name: a package, and a checkout's folder below it."""
    for name in ("hpcpy", "hpcpy_common", "hpcpy_job"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(HOSTILE)
    return tmp_path


def test_no_folder_of_the_user_takes_its_place(hostile: Path) -> None:
    shown = printed(run(built(), "-m", "hpcpy", "--help", env=clean(), cwd=hostile))
    assert shown.startswith(f"usage: {built()} -m hpcpy ")
    assert "kernelspec" in shown
    assert "  build " not in shown


@pytest.mark.parametrize("folder", ["", "src"])
def test_nor_does_a_pythonpath_of_which_a_line_tells(hostile: Path, folder: str) -> None:
    leaked = str(paths.ROOT / folder) if folder else str(hostile)
    done = run(built(), "-m", "hpcpy", "site", env=clean(PYTHONPATH=leaked), cwd=hostile)
    assert done.returncode == 0
    assert "engine = " in done.stdout
    assert done.stderr.startswith(f"hpcpy: PYTHONPATH has another hpcpy ({leaked}/hpcpy/__init__")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_modules_is_no_package(tmp_path: Path) -> None:
    # As of a checkout, in the folder where the user is and where a program lies.
    (tmp_path / "hpcpy").mkdir()
    (tmp_path / "program.py").write_text("import hpcpy.commands; print(hpcpy.commands.__file__)")
    assert "kernelspec" in printed(run(built(), "-m", "hpcpy", "--help", env=clean(), cwd=tmp_path))
    shown = printed(run(built(), "program.py", env=clean(TMPDIR=str(tmp_path)), cwd=tmp_path))
    assert shown.startswith(f"{tmp_path}/hpcpy-{os.getuid()}/")


def test_a_checkouts_tool_by_the_one_file_is_the_checkouts() -> None:
    shown = printed(run(built(), "-I", paths.ROOT / "hpcpy", "--help", env=clean()))
    assert shown.startswith("usage: ./hpcpy ")
    assert "  build " in shown


def test_its_doctor_is_that_of_a_job() -> None:
    words = ("doctor", "--only=mpi,cpu")
    of_job = printed(run(built(), "-m", "hpcpy_job", *words, env=clean()))
    assert "mpi.library" in of_job
    assert printed(run(built(), "-m", "hpcpy", *words, env=clean())) == of_job
    assert run(built(), "-m", "hpcpy", "doctor", "--nope", env=clean()).returncode == 2


def test_without_a_folder_there_is_one_line() -> None:
    done = without_a_folder(built(), "noexec", "-m", "hpcpy", "site")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    assert done.stderr.startswith("hpcpy: no folder for tool: ")
    # Where nothing can be written is what the doctor is there for.
    done = without_a_folder(built(), "noexec", "-m", "hpcpy", "doctor", "--only=cpu")
    assert (done.returncode, done.stderr) == (0, "")
