"""A class's files, wherever they lie, whatever their names, and whatever their programs leave."""

import contextlib
import os
import sys
from pathlib import Path

import pytest
from test_exercise import checked, text

from proc_files import read
from running import Done, run

SLICES = "heat_slices.py"


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "workloads", "exercise", *map(str, words)]


def files(folder: Path, *names: str) -> None:
    """Write right answers to heat-slices."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text("heat-slices", solved=True))


def in_folder(folder: Path, *words: object) -> Done:
    return run(*command(*words), cwd=folder)


def test_what_lies_in_the_folder_or_beside_an_answer_hides_nothing(tmp_path: Path) -> None:
    files(tmp_path, f"ann/{SLICES}", "numpy/numpy.py")
    for name in (SLICES, "colorsys.py", "ann/numpy.py", "ann/colorsys.py"):
        (tmp_path / name).write_text("raise SystemExit(3)\n")
    with (tmp_path / "ann" / SLICES).open("a") as file:
        file.write("import colorsys, helper\nhelper.help(colorsys.hls_to_rgb)\n")
    (tmp_path / "ann" / "helper.py").write_text("def help(_): pass\n")
    done = in_folder(tmp_path, "heat-slices", "--check", f"ann/{SLICES}", "numpy/numpy.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert in_folder(tmp_path, "heat-slices", "--to", "numpy/" + SLICES).returncode == 0
    hidden = in_folder(tmp_path, "heat-slices", "--to", "ann/json.py")
    assert "hides Python's own module json; rename it" in hidden.stderr


@pytest.mark.parametrize("name", ["heat-slices.py", "1 a.b.py", "class.py"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    files(tmp_path, name)
    assert checked("heat-slices", tmp_path / name)[::2] == (0, "")
    # Processes of a pool import it, too.
    (tmp_path / name).write_text(text("pool-pickles", solved=True))
    assert checked("pool-pickles", tmp_path / name)[::2] == (0, "")


def left(mark: str) -> list[str]:
    """Return the numbers that processes with a mark among their words have."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in read(folder / "cmdline"):
                found.append(folder.name)
    return found


LEFT = """
import os, subprocess, sys
words = [sys.executable, "-c", "import time; time.sleep(300)", "MARK"]
subprocess.Popen(words, start_new_session=True, env={})
if not os.fork():
    os.setsid()
    subprocess.Popen(words)
    os._exit(0)
"""


@pytest.mark.parametrize(
    ("name", "more"),
    [("heat-slices", ""), ("heat-slices", "while True: pass\n"), ("heat-halo", "while 1: pass\n")],
)
def test_what_a_program_has_started_ends_with_its_check(
    name: str, more: str, tmp_path: Path
) -> None:
    file, mark = tmp_path / "my.py", f"left-{tmp_path.name}-{os.getpid()}"
    file.write_text(text(name, solved=True) + LEFT.replace("MARK", mark) + more)
    code, out, error = checked(name, file, "--seconds", "5" if more else "60")
    assert (code, "no answer within 5 s" in error) == ((1, True) if more else (0, False)), out
    assert left(mark) == []
