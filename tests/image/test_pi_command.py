"""Pi's command and its compiled kernels: what runs by default, edges, exit codes."""

import random
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workloads.pi._kernels_cython import count as count_drawn

from running import (
    TELLS_WHEN,
    last_words,
    on_ranks,
    printed,
    start,
    surroundings,
    wait_until,
    workload_on,
)
from workloads.__main__ import main
from workloads.pi.compiled import twister
from workloads.pi.definition import hits, philox_hits


def pi(*arguments: Any) -> Any:
    return main(["pi", *map(str, arguments)])


def test_auto_is_the_fastest_for_one_process_and_for_ranks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pi("-n", 1_000) == 0
    shown = capsys.readouterr().out
    assert "\ncython " in shown
    assert "philox: 797 hits, π ≈ 3.1880000: matches the stored count" in shown
    assert "\nmpi " in printed(workload_on(2, "pi", "-n", 1_000))


def test_without_options_the_counts_are_the_stored_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert pi("--impl", "python,cython,numpy") == 0
    shown = capsys.readouterr().out
    assert "seeded, 1 at work: 15,703,410 hits" in shown
    # One line for both techniques of the family.
    assert shown.count("philox: 15,705,172 hits, π ≈ 3.1410344: matches the stored count") == 1


@pytest.mark.parametrize("rank_alone", [False, True])
def test_a_wrong_count_exits_1(rank_alone: bool) -> None:
    code = (
        "import sys\n"
        "from workloads.__main__ import main\n"
        "from workloads.pi import definition\n"
        "from workloads.pi import processes\n"
        "definition.numpy = lambda pairs, seed, _: (pairs, '')\n"
        "processes.seeded_hits = lambda seed, pairs: pairs\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    name = "numpy" if rank_alone else "mpi"
    done = on_ranks(3, "-c", code, "pi", "-n", 1_000, "--impl", name)
    assert done.returncode == 1
    assert done.stderr.count("WRONG: 1,000 hits, not") == 1


# Compiled code; mandel's test has the others.
@pytest.mark.long
def test_ctrl_c_ends_a_long_count_with_one_line(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    options = ["--profile", "cprofile", str(results / "pi.prof"), "-n", str(2**40)]
    words = [str(tmp_path), "pi", "--impl", "cython", *options]
    with start(sys.executable, "-c", TELLS_WHEN, *words, env=surroundings()) as job:
        wait_until((tmp_path / "begun").exists, job)
        job.send_signal(signal.SIGINT)
        assert last_words(job) == "workloads: pi: stopped\n"
    assert job.returncode == 130
    assert not [*results.iterdir()]


@pytest.mark.parametrize("seed", [0, 2022, 2**64 - 1])
def test_c_draws_what_python_and_numpy_draw(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    seeded, philox = twister(seed), np.random.Philox(key=seed)
    counted = drawn = 0
    # 312 numbers are all words of the generator's state.
    for pairs in (0, 1, 2, 155, 156, 157, 10_001):
        assert count_drawn(seeded, pairs) == hits(draw.random, pairs)
        counted += count_drawn(philox, pairs)
        drawn += pairs
        assert counted == philox_hits(seed, drawn)
