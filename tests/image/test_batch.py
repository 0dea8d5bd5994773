"""``hpcpy batch``: the image's own command, which a login node without a checkout has."""

import re
from pathlib import Path

import pytest

from running import Done, printed, run


def batch(folder: Path, *words: str) -> Done:
    return run("hpcpy", "batch", *words, cwd=folder)


def test_it_prints_a_script_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "my.py").touch()
    shown = printed(batch(tmp_path, "--nodes=2", "--tasks=4", "--image=mine.sif", "--", "my.py"))
    assert f"\n  {tmp_path}/mine.sif " in shown
    assert [path.name for path in tmp_path.iterdir()] == ["my.py"]


def test_what_a_site_promises_is_compared_with_the_images_own_file(tmp_path: Path) -> None:
    words = ("--site=perlmutter-cpu", "--account=mine", "--image=example.org/hpcpy:1")
    shown = printed(batch(tmp_path, *words, "--", "-m", "workloads", "pi", "--impl", "mpi"))
    (file,) = re.findall(r"--site=(\S+)", shown)
    assert Path(file).is_file()
    # The host has no such file to mount.
    assert f"--volume={file}" not in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("build", "hpcpy build: only `batch` works without a checkout; "),
        ("batch --node=2 -- my.py", "hpcpy batch: unrecognized arguments: --node=2"),
        ("batch --script=x -- my.py", "hpcpy batch: SCRIPT: the script goes to standard output"),
        ("batch -- absent.py", "hpcpy batch: PROGRAM=absent.py: no such file; give its path"),
    ],
)
def test_what_it_cannot_do_is_one_line(tmp_path: Path, words: str, says: str) -> None:
    (tmp_path / "my.py").touch()
    done = run("hpcpy", *words.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(says)
