"""A script that ends in `.py` is looked at once, as CPython would as a folder or a zip file."""

import os
import shutil
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from running import printed, run


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


# What bash runs, and sys.path[0], as CPython has it.  There are there/x.py, the pipes `pipe` and
# pipe.py, and links: x.py to the file, linked.py to a pipe, in.py to standard input.
KINDS = {
    '"$0" there/x.py': "{}/there",
    '"$0" x.py': "{}/there",
    '"$0" in.py <there/x.py': "{}/there",
    '"$0" /dev/fd/3 3<there/x.py': "{}/there",
    'echo "$1" >pipe.py & "$0" pipe.py': "{}",
    'echo "$1" >pipe & "$0" pipe': "{}",
    'echo "$1" >pipe & "$0" linked.py': "{}",
    'echo "$1" | "$0" in.py': "/dev",
    '"$0" <(cat x.py)': "/dev/fd",
    'ln -s /dev/null null.py; "$0" null.py; echo end': "end",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_read_once(tmp_path: Path, kind: str) -> None:
    (tmp_path / "there").mkdir()
    text = "import sys; print(sys.path[0])"
    (tmp_path / "there/x.py").write_text(text)
    for pipe in ("pipe", "pipe.py"):
        os.mkfifo(tmp_path / pipe)
    for link, target in (("x", "there/x.py"), ("linked", "pipe"), ("in", "/dev/stdin")):
        (tmp_path / f"{link}.py").symlink_to(target)
    done = run("bash", "-c", kind, sys.executable, text, cwd=tmp_path, timeout=100)
    assert printed(done).strip() == KINDS[kind].format(tmp_path)
