"""What ``make launch`` takes, and how it refuses the rest: one line, exit code 2."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from hpcpy.errors import UsageError
from hpcpy.launch.meanings import LAUNCH
from hpcpy.launch.request import SETTINGS, parse

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_not_given_is_one_rank_on_one_node() -> None:
    request = parse(["W=pi", "NODES=", "DRY=", "SITE= "])
    assert (request.nodes, request.tasks, request.cpus, request.gpus) == (1, 1, 1, 0)
    assert (request.site, request.engine, request.dry) == ("local", "", False)


def test_without_tasks_each_node_has_one() -> None:
    assert parse(["W=pi", "NODES=3"]).tasks == 3


@pytest.mark.parametrize(("nodes", "tasks", "most"), [(2, 8, 4), (2, 3, 2), (4, 5, 2), (1, 7, 7)])
def test_ranks_are_spread_evenly(nodes: int, tasks: int, most: int) -> None:
    assert parse(["W=pi", f"NODES={nodes}", f"TASKS={tasks}"]).per_node == most


def test_quotes_in_w_are_a_shells() -> None:
    assert parse(["W=pi --out 'a b.png' --x=\"$y\""]).workload == (
        *("pi", "--out", "a b.png"),
        "--x=$y",
    )


@pytest.mark.parametrize(
    ("program", "title", "words"),
    [
        ("my.py --its 'a b'", "my", ("my.py", "--its", "a b")),
        ("/data/you/my.mpi.py", "my.mpi", ("/data/you/my.mpi.py",)),
        ("-m my.package -v", "my.package", ("-m", "my.package", "-v")),
    ],
)
def test_a_program_is_what_follows_python(program: str, title: str, words: tuple[str, ...]) -> None:
    request = parse([f"PROGRAM={program}"])
    assert (request.title, request.python_words) == (title, words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "neither W nor PROGRAM is given"),
        (["W=", "PROGRAM= "], "neither W nor PROGRAM is given"),
        (["W=pi", "PROGRAM=my.py"], "both W and PROGRAM are given"),
        (["W=pi", "DASK=1", "SPARK=1"], "DASK=1 and SPARK=1: the ranks form one cluster"),
        (["PROGRAM=''"], "begins neither with a script nor with -m MODULE"),
        (["PROGRAM=my.py 'x"], "no closing quotation"),
        (["PROGRAM=-c 'print(1)'"], "begins neither with a script nor with -m MODULE"),
        (["PROGRAM=-m"], "begins neither with a script nor with -m MODULE"),
        (["W=pi", "MEM=lots"], "MEM=lots is not an amount of memory"),
        (["W=pi", "MEM=2G/rank"], "is not an amount of memory"),
        (["W=pi 'x"], "no closing quotation"),
        (["W=pi", "TASK=2"], "did you mean TASKS?"),
        (["W=pi", "NODE=2"], "unknown setting 'NODE'; did you mean NODES?"),
        (["W=pi", "whatever"], "unknown setting 'whatever'"),
        (["W"], "the setting W has no value; give one: W=…"),
        (["W=pi", "ACCOUNT=a\n#SBATCH --x"], "holds a character that cannot be printed"),
        (["W=pi", "IMAGE=a\x1bb"], "holds a character that cannot be printed"),
        (["W=pi", "NODES=2", "TASKS=1"], "a node would have no rank"),
        (["W=pi", "NODES=0"], "NODES=0 is not a whole number from 1 on"),
        (["W=pi", "CPUS=two"], "CPUS=two is not a whole number"),
        (["W=pi", "TASKS=12345678"], "is not a whole number"),
        (["W=pi", "GPUS=-1"], "GPUS=-1 is not a whole number from 0 on"),
        (["W=pi", "DRY=yes"], "DRY=yes is neither 0 nor 1"),
        (["W=pi", "ENGINE=aptainer"], "did you mean apptainer?"),
        (["W=pi", "ENGINE=lxc"], "there are: apptainer, podman-hpc"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(words: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


# What sbatch(1) of Slurm 22.05 lists.
@pytest.mark.parametrize(
    "time",
    [
        *("30", "30:00", "1:30:00", "2-12", "2-12:30", "2-12:30:00", "0"),
        *("UNLIMITED", "infinite", "-1"),
    ],
)
def test_a_time_limit_is_what_slurm_takes(time: str) -> None:
    assert parse(["W=pi", f"TIME={time}"]).time == time


@pytest.mark.parametrize(
    "time", ["abc", "1h", "1:2:3:4", "2-", "-12", "1-2-3", "2-12:30:00:00", "1.5", "30 min", "٣"]
)
def test_another_time_limit_is_refused(time: str) -> None:
    with pytest.raises(UsageError, match="is not a time limit; write 30"):
        parse(["W=pi", f"TIME={time}"])


@pytest.mark.parametrize("target", ["launch", "batch"])
def test_make_hands_on_what_w_quotes(target: str) -> None:
    # A word that any further shell would take apart.
    word = """it's "a" $HOME `b`"""
    settings = [f"W=pi --json {shlex.quote(word)}"]
    made = subprocess.run(
        ["make", "-s", target, *settings, "NODES=2", "DRY=1", "ENGINE=none"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stderr) == (0, "")
    array = made.stdout.split("step=(", 1)[1].split("\n)", 1)[0]
    script = f"step=({array}\n); printf '%s\\n' \"${{step[@]: -1}}\""
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"{word}\n"


def test_help_says_what_each_setting_means() -> None:
    assert sorted(LAUNCH) == sorted(SETTINGS)
