"""A script that ends in `.py` is looked at once, as CPython would as a folder or a zip file."""

import shutil
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from running import run


def test_nobody_asks_whether_a_script_is_a_folder_or_a_zip_file(tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True, with_pip=False)
    site = folder / "lib" / Path(sysconfig.get_path("stdlib")).name / "site-packages"
    (site / "record.pth").write_text(
        "import sys; sys.asked = []; sys.path_hooks.insert(0, sys.asked.append)\n"
    )
    answers = {}
    for name in ("script.py", "script"):
        script = tmp_path / name
        script.write_text("import sys; print(__file__ in sys.asked)")
        command = [folder / "bin/python", script]
        done = run(*command, check=True)
        answers[name] = done.stdout.strip()
    # Elsewhere both are asked about.
    assert answers == {"script.py": "False", "script": "True"}


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_folder_and_a_zip_file_may_be_called_so(tmp_path: Path, kind: str) -> None:
    program, text = tmp_path / "tool.py", "import beside; print(beside.__file__)"
    folder = program if kind == "folder" else tmp_path / "of_zip"
    folder.mkdir()
    (folder / "__main__.py").write_text(text)
    (folder / "beside.py").touch()
    if kind == "zip":
        shutil.make_archive(str(tmp_path / "tool"), "zip", folder)
        (tmp_path / "tool.zip").rename(program)
    assert run(sys.executable, program, check=True).stdout == f"{program}/beside.py\n"
