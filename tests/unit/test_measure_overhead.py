"""What a container costs: the interval of its ratio, and how it is shown."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import StageError
from measure import report
from measure.arrangements import ARRANGEMENTS
from measure.intervals import Interval, mean_ratio, student
from measure.overhead import table
from measure.pairs import SIZES, Overhead
from measure.ranks import started


def measured(*ratios: float) -> Overhead:
    found = Overhead(ARRANGEMENTS["apart"])
    for size in SIZES:
        found.outside[size] = [1e-6] * len(ratios)
        found.inside[size] = [1e-6 * ratio for ratio in ratios]
        found.ratios[size] = [*ratios]
    return found


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


def test_too_few_values_give_no_interval() -> None:
    with pytest.raises(ValueError, match="4 values"):
        mean_ratio([0.0] * 4)


def test_a_difference_is_told_in_percent() -> None:
    assert Interval(0.9999, 0.99, 1.012).percent() == "+0.0 % (−1.0 … +1.2)"


def test_sizes_of_one_launch_are_one_value() -> None:
    # Sizes that vary together give no narrower interval than one of them.
    found = measured(1.0, 1.01, 1.02, 0.99, 1.0, 1.01)
    one, every = found.interval(SIZES[:1]), found.interval(SIZES)
    assert (every.low, every.high) == pytest.approx((one.low, one.high))


def test_the_table_has_a_row_an_arrangement() -> None:
    lines = table([measured(1.0, 1.01, 1.02, 0.99, 1.0, 1.01)]).splitlines()
    more = " | ".join(["+0.5 % (−0.6 … +1.6)"] * 3)
    assert lines[2:] == [f"| a container a rank | 1.00 | 1.00 | 1.00 | 1.00 | {more} |"]
    assert lines[0].endswith("| all, 8 B … 1 MiB |")
    assert len({line.count("|") for line in lines}) == 1


def test_the_report_has_each_launchs_values_and_the_intervals() -> None:
    told = json.loads(json.dumps(measured(*[1.0] * 6).as_dict()))
    assert told["ratios"]["8"] == [1.0] * 6
    assert told["intervals"]["latency"] == {"ratio": 1.0, "low": 1.0, "high": 1.0}
    assert told["arrangement"]["title"] == "a container a rank"


def test_ranks_that_die_are_told_with_their_last_line(tmp_path: Path) -> None:
    def start(_: Sequence[str]) -> list[str]:
        return ["sh", "-c", "echo first >&2; echo no MPI here >&2"]

    with (
        pytest.raises(StageError, match=r"^inside: no MPI here$"),
        started("inside", start, tmp_path),
    ):
        pytest.fail("they do not run")
    assert [path.name for path in tmp_path.iterdir()] == ["inside.err"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["overhead", "--launches", "5"], "an interval needs 6"),
        (["overhead", "--sif", "/nonexistent.sif"], "no such file"),
        (["overhead", "--ranks", "nowhere"], "none of apart, together, tcp"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    arguments: list[str], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        run(["bench", *arguments])


def test_the_projects_page_has_a_place_for_the_table(tmp_path: Path) -> None:
    report.write_page(paths.ROOT / "docs/p2p.md", tmp_path / "p2p.md", "a table\n")
