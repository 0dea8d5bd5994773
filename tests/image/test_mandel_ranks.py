"""MPI: the same bytes for any number of ranks, one report, one exit code."""

import hashlib
import json
import os
import pstats
import signal
from pathlib import Path

import numpy as np
import pytest
from altered import altered

from hpcpy_common import machine
from proc_files import processes
from running import TELLS_WHEN, last_words, printed, start_ranks, wait_until, workload_on
from tiers import sampled
from workloads.mandel.grid import AREAS
from workloads.mandel.registry import TECHNIQUES

RANKS = [name for name, technique in TECHNIQUES.items() if technique.parallel == "ranks"]
ODD = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "7", "13", "--maxiter", "50"]


@pytest.mark.parametrize(
    ("size", "area"), sampled([(3, "area2"), (1, "area1"), (2, "area1"), (5, "area1")])
)
def test_any_number_of_ranks_has_the_reference_bytes(size: int, area: str) -> None:
    shown = printed(workload_on(size, "mandel", "--impl", ",".join(RANKS), "--area", area))
    # One line for all techniques, or they have different answers.
    assert shown.count(f"{AREAS[area].sha256}: matches the reference") == 1
    assert shown.count(f"mandel {area}:") == 1, "one rank reports"
    for name in RANKS:
        row = next(line for line in shown.splitlines() if line.startswith(name))
        assert f" {size} " in row


def test_more_ranks_than_rows_is_no_error() -> None:
    window = ["--window", -2, 0.5, -1.25, 1.25, "--size", 1000, 3, "--maxiter", 50]
    printed(workload_on(5, "mandel", "--impl", ",".join(RANKS), *window))


@pytest.mark.long
def test_ctrl_c_of_ranks_that_all_come_leaves_mpi_in_order(tmp_path: Path) -> None:
    picture = tmp_path / "results/m.npy"
    picture.parent.mkdir()
    asked = ["--impl", "mpi-cyclic", "--area", "area2", "--repeat", "2000", "--out", picture]
    with start_ranks(2, "-c", TELLS_WHEN, tmp_path, "mandel", *asked) as job:
        wait_until((tmp_path / "done").exists, job)
        for rank, words in processes():
            if str(picture) in words and Path(words.split()[0]).name.startswith("python"):
                os.kill(rank, signal.SIGINT)
        said = last_words(job)
    assert job.returncode == 130, said
    assert said.startswith("workloads: mandel: stopped\n")
    # Where one does not come in time, the other aborts both.
    rest = said.splitlines()[1:]
    assert all(line.startswith("Abort(130) on node ") for line in rest), said


def test_a_wrong_answer_without_a_reference_is_told_by_the_first_rank_alone() -> None:
    # The others raised IndexError: they had compared nothing.
    code = """
from workloads.mandel import rows
right = rows.compute_rows
def wrong(*words):
    out = right(*words)
    out[:, 0] += 1
    return out
rows.compute_rows = wrong
"""
    words = ("--area", "area1", "--impl", "mpi-cyclic", "--size", 40, 30)
    done = altered(3, code, "mandel", *words)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert done.stderr.count("pixels differ from the definition") == 1


def test_an_image_in_blocks_has_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    # Rows of 360 bytes: 40 rows a block, two rows a group.
    code = """
from workloads.mandel import grid, rows
grid._BLOCK_BYTES, rows._GROUP_BYTES = 14_400, 720
"""
    words = ("--area", "area1", "--size", 90, 70, "--out", path, "--impl", ",".join(RANKS))
    done = altered(3, code, "mandel", *words)
    assert (done.returncode, done.stderr) == (0, "")
    digest = hashlib.sha256(np.load(path).tobytes()).hexdigest()
    # All techniques have one answer, the one that was written.
    assert done.stdout.count("sha256 ") == 1
    assert f"sha256 {digest}" in done.stdout


def test_the_ranks_scale_up_to_those_there_are(tmp_path: Path) -> None:
    names = [n for n in RANKS if n != "mpi-block"]
    options = [*ODD, "--impl", ",".join(names), "--scale", "1,2,3", "--json", tmp_path / "m.json"]
    printed(workload_on(3, "mandel", *options, "--profile", "cprofile", tmp_path / "m.prof"))
    results = json.loads((tmp_path / "m.json").read_text())["results"]
    runs = [(r["impl"], r["workers"]) for r in results]
    assert runs == [(name, size) for name in names for size in (1, 2, 3)]
    # Nobody binds the ranks: on fewer cores they share them.
    assert {r["workers"]: r["cores"] for r in results} == {
        size: min(size, machine.cores()) for size in (1, 2, 3)
    }
    assert len({r["answer"] for r in results}) == 1
    # The ranks' profiles are added up: 3 + 2 + 1 of them, each area once.
    functions = vars(pstats.Stats(str(tmp_path / "m.prof")))["stats"]
    calls = sum(v[0] for k, v in functions.items() if k[2] == "cyclic")
    assert calls == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.json", "m.prof"]
