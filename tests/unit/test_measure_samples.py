"""Samples are taken of real processes, in rounds; ratios of them have an interval."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest

from measure.cases import CASES, Case, write_scripts
from measure.pairs import ARRANGEMENTS, SIZES, Overhead
from measure.sampler import memory, timed
from measure.samples import SAMPLER, in_rounds, mean_ratio, student


def test_a_process_is_timed_and_its_exit_code_told() -> None:
    told = timed([sys.executable, "-c", "raise SystemExit(3)"])
    assert told["code"] == 3
    assert told["cpu"] > 0
    assert told["wall"] > 0


def test_memory_is_that_of_the_program_alone() -> None:
    small, big = (
        memory([sys.executable, "-c", Case("x", code).source(waiting=True)])
        for code in ("pass", "x = bytearray(b'x') * 32_000_000")
    )
    assert small["code"] == big["code"] == 0
    assert 0 < small["private"] <= small["resident"] <= small["most"]
    assert big["private"] - small["private"] >= 30_000_000


def test_a_program_that_fails_before_it_is_ready_is_told() -> None:
    assert memory([sys.executable, "-c", "raise SystemExit(4)"]) == {"code": 4}


def test_the_sampler_answers_line_by_line() -> None:
    request = json.dumps({"argv": [sys.executable, "-c", "pass"], "memory": False})
    done = subprocess.run(
        [sys.executable, "-I", SAMPLER],
        input=f"{request}\n{request}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == [0, 0]


def test_each_case_is_python_and_says_when_it_is_ready(tmp_path: Path) -> None:
    write_scripts(tmp_path)
    for case in CASES:
        for waiting in (False, True):
            option, *rest = case.arguments(tmp_path, waiting=waiting)
            text = Path(option).read_text() if case.script else rest[0]
            compile(text, case.name, "exec")
            assert ("ready" in text) == waiting


def test_another_kind_is_first_in_each_round() -> None:
    taken: list[str] = []
    in_rounds("ab", 3, taken.append)
    assert taken == [*"abbaab"]


@pytest.mark.parametrize(
    ("freedom", "factor"), [(4, 2.7764), (5, 2.5706), (9, 2.2622), (39, 2.0227), (1000, 1.9623)]
)
def test_students_factor_is_that_of_the_tables(freedom: int, factor: float) -> None:
    assert student(freedom) == pytest.approx(factor, rel=0.003)


def test_the_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    chance = random.Random(1)  # noqa: S311 - nothing is secret
    true, held = math.log(1.02), 0
    for _ in range(2000):
        interval = mean_ratio([chance.gauss(true, 0.03) for _ in range(6)])
        assert interval.low < interval.ratio < interval.high
        held += interval.low <= 1.02 <= interval.high
    assert 0.935 < held / 2000 < 0.965
    with pytest.raises(ValueError, match="4 values"):
        mean_ratio([0.0] * 4)


def test_sizes_of_one_launch_are_one_value() -> None:
    # Sizes that vary together give no narrower interval than one of them.
    found = Overhead(ARRANGEMENTS["apart"])
    for size in SIZES:
        found.ratios[size] = [1.0, 1.01, 1.02, 0.99, 1.0, 1.01]
    one, every = found.interval(SIZES[:1]), found.interval(SIZES)
    assert (every.low, every.high) == pytest.approx((one.low, one.high))
