"""A check of exercises whose disk fills: what is known is said, and nothing is half-written."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from processes import environment, small_disk

from running import Done, run
from workloads.exercise.page import NOT_YET, UNDER_WAY
from workloads.exercise.tasks import text

FILLS = """
import contextlib
with contextlib.suppress(OSError), open({!r}, "wb", buffering=0) as file:
    while True:
        file.write(bytes(4096))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Give a folder for a small disk, beside a class: ann is right, bob fills it, eve is wrong."""
    for student, more in (("ann", ""), ("bob", FILLS), ("eve", "raise ValueError('mine')")):
        file = tmp_path / "class" / student / "heat_trace.py"
        file.parent.mkdir(parents=True)
        file.write_text(text("heat-trace", solved=True) + more.format(f"{tmp_path}/disk/full"))
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def checked(disk: Path, *words: str, **variables: str) -> Done:
    """Check on the small disk, and list what is there then."""
    check = shlex.join([sys.executable, "-m", "workloads", "exercise", "--check", *words])
    script = f"{check}; code=$?; echo; ls -A; cat a.json; exit $code"
    return run(*small_disk(disk), "sh", "-c", script, env=environment(**variables))


def test_a_page_without_room_costs_no_row_and_keeps_the_one_before(disk: Path) -> None:
    done = checked(disk, "../class", "--json", "a.json", "--html", "a.html")
    assert (done.returncode, done.stderr.count("\n")) == (73, 1), done.stderr
    assert done.stderr.endswith(
        " a.json: No space left on device; a.html: No space left on device\n"
    )
    rows, left = done.stdout.split("2 of 3 right\n")
    assert [row.split()[1] for row in rows.splitlines() if row] == ["right", "right", "wrong"]
    assert left.split()[:3] == ["a.html", "a.json", "full"]
    before = [(each["passed"], each["message"]) for each in json.loads(left[left.index("[") :])]
    assert before == [(True, ""), (None, UNDER_WAY), (None, NOT_YET)]


def test_who_cannot_be_checked_for_lack_of_room_is_not_wrong(disk: Path) -> None:
    done = checked(disk, "../class", TMPDIR=str(disk))
    assert done.returncode == 69
    assert done.stdout.count("?      not checked: cannot run here: No space left on device") == 3
