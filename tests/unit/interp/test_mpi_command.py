"""``python -m hpcpy_mpi`` refuses a wrong request before it starts a rank."""

import os
from pathlib import Path

import pytest
from small_bundle import INTERP, PYTHON

from running import run

FOLDERS = os.pathsep.join(str(INTERP / name) for name in ("tools", "importer"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("0", "my.py"), "usage: "),
        (("-1", "my.py"), "usage: "),
        (("two", "my.py"), "usage: "),
        (("-", "my.py"), "usage: "),
        (("2",), "usage: "),
        (("2", "gone.py"), "gone.py: there is no such file"),
    ],
)
def test_a_wrong_request_is_one_line(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "my.py").touch()
    env = {**os.environ, "PYTHONPATH": FOLDERS}
    done = run(PYTHON, "-m", "hpcpy_mpi", *words, env=env, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
