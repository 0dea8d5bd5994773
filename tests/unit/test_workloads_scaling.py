"""The same work by more and more workers, or as much for each of them."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from workloads.errors import UsageError
from workloads.harness import machine, ranks, scaling
from workloads.harness.result import Result, read_json
from workloads.harness.scaling import STRONG, WEAK, kind, laws, serial_fraction
from workloads.harness.team import Team
from workloads.harness.technique import Technique
from workloads.mandel.grid import AREAS
from workloads.mandel.problem import Picture
from workloads.pi.command import Count

HERE = {
    "plain": Technique("json", "always there"),
    "threads": Technique("json", "threads", parallel="threads"),
    "ranks": Technique("json", "many processes", parallel="ranks"),
}
WORKERS = (1, 2, 4, 8, 32)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("PMI_", "OMPI_", "SLURM_"))]:
        monkeypatch.delenv(name)


class TestSpeedUp:
    results: ClassVar = [
        Result("ranks", "p", [1.0], work=1_000_000, total=1_000_000, workers=2),
        Result("ranks", "p", [0.4], work=1_000_000, total=1_000_000, workers=8),
    ]

    def test_the_fewest_workers_are_what_speed_up_refers_to(self) -> None:
        ((_, first, full), (_, speed_up, efficiency)) = scaling.series(self.results)["ranks"]
        assert (first, full) == (2.0, 1.0)
        assert speed_up == pytest.approx(5.0)
        assert efficiency == pytest.approx(0.625)
        assert "62%" in scaling.table(self.results, "M/s")

    def test_a_technique_without_workers_is_refused(self) -> None:
        with pytest.raises(UsageError, match="plain has no workers"):
            scaling.counts(["plain"], HERE, [1, 2])
        assert [*scaling.without_workers([*HERE], HERE)] == ["plain"]

    def test_more_ranks_than_there_are_say_how_to_start_them(self) -> None:
        with pytest.raises(UsageError, match=r"there is 1 rank for ranks; .*mpiexec -n 4"):
            scaling.counts(["ranks"], HERE, [1, 4])


def by_amdahl(serial: float, workers: int, impl: str = "ranks", cores: int = 0) -> Result:
    seconds = 3 * (serial + (1 - serial) / workers)
    return Result(impl, "p", [seconds], work=1_000, workers=workers, cores=cores)


def by_gustafson(serial: float, workers: int) -> Result:
    speed_up = serial + (1 - serial) * workers
    return Result("ranks", "p", [3 * workers / speed_up], work=1_000 * workers, workers=workers)


@pytest.mark.parametrize("serial", [0.0, 0.03, 0.5, 1.0])
def test_laws_find_the_serial_fraction_that_made_the_times(serial: float) -> None:
    for make, of in ((by_amdahl, STRONG), (by_gustafson, WEAK)):
        found, off = serial_fraction([make(serial, workers) for workers in WORKERS], of)
        assert found == pytest.approx(serial, abs=1e-9)
        assert off < 1e-9


@pytest.mark.parametrize(("seconds", "serial"), [((4.0, 1.5, 0.6), 0.0), ((1.0, 1.2, 1.5), 1.0)])
def test_faster_than_ideal_is_0_and_slower_with_more_workers_is_1(
    seconds: tuple[float, ...], serial: float
) -> None:
    results = [
        Result("ranks", "p", [s], work=9, workers=w)
        for s, w in zip(seconds, (1, 2, 4), strict=True)
    ]
    found, off = serial_fraction(results, STRONG)
    assert found == serial
    assert 0.1 < off < 1


def test_a_line_says_the_law_its_limit_and_how_far_it_is_off() -> None:
    results = [by_amdahl(0.1, workers) for workers in WORKERS]
    assert laws(results, STRONG) == [
        "ranks: Amdahl's law: 10.0% serial, at most 10 times faster "
        "(1, 2, 4, 8, 32 workers, at most 0.0% off)"
    ]
    (line,) = laws([by_gustafson(0.1, workers) for workers in WORKERS], WEAK)
    assert line.startswith("ranks: Gustafson's law: 10.0% serial (1, ")


def on_cores(cores: int) -> list[Result]:
    """Return threads and ranks on so many cores; beyond them nothing becomes faster."""
    results = []
    for impl in ("threads", "ranks"):
        for workers in WORKERS:
            busy = min(workers, cores)
            ideal = by_amdahl(0.0, busy)
            results.append(replace(ideal, impl=impl, workers=workers, cores=busy))
    return results


def test_workers_of_any_kind_that_share_cores_are_left_out_and_named() -> None:
    found = "Amdahl's law: 0.0% serial (1, 2, 4 workers, at most 0.0% off; without 8, 32, which"
    assert laws(on_cores(4), STRONG) == [
        f"threads: {found} share cores)",
        f"ranks: {found} share cores)",
    ]


def test_without_two_numbers_of_workers_that_have_cores_it_says_why() -> None:
    assert laws(on_cores(1), STRONG) == [
        "threads: Amdahl's law: not fitted, as 2, 4, 8, 32 workers share cores",
        "ranks: Amdahl's law: not fitted, as 2, 4, 8, 32 workers share cores",
    ]
    assert laws(on_cores(1)[:1], STRONG) == []


def test_a_law_through_two_points_is_not_said_to_fit_them() -> None:
    two = [by_amdahl(0.5, workers) for workers in (1, 2)]
    assert laws(two, STRONG) == [
        "ranks: Amdahl's law: 50.0% serial, at most 2 times faster (1, 2 workers)"
    ]
    # Faster than ideal: the law cannot go through both.
    (line,) = laws([two[0], replace(two[1], samples=[0.1])], STRONG)
    assert re.search(r"\(1, 2 workers, at most \d\d\.\d% off\)$", line)


def test_ranks_that_share_cores_are_fitted_by_their_processor_time() -> None:
    results = []
    for workers in WORKERS:
        seconds = 3 * (0.1 + 0.9 / workers)
        busy = [[seconds, *[0.01] * (workers - 1)]]
        cores = min(workers, 2)
        # By the clock they take as long as one.
        results.append(
            Result("ranks", "p", [3.0], work=1_000, workers=workers, cores=cores, busy=busy)
        )
    assert laws(results, STRONG) == [
        "ranks: Amdahl's law: 10.0% serial, at most 10 times faster "
        "(1, 2, 4, 8, 32 workers, by processor time, at most 0.0% off)"
    ]


def test_ranks_that_share_cores_are_compared_by_their_processor_time() -> None:
    # On the wall 64 ranks of 2 cores gain nothing; the busiest has a 32nd of the work.
    one = Result("ranks", "p", [6.4, 6.5], work=9, workers=1, cores=1, busy=[[6.4], [6.5]])
    each = [0.2, *[0.1] * 63]
    many = Result("ranks", "p", [9.0], work=9, workers=64, cores=2, busy=[each])
    assert scaling.series([one, many])["ranks"][1][1:] == pytest.approx((32, 0.5))
    head, *rows = scaling.table([one, many], "M/s").splitlines()
    assert [row.split()[6:12] for row in rows] == [
        ["100%", "6.4", "s", "6.4", "s"],
        ["50%", "6.5", "s", "200", "ms"],
    ]
    assert head.split()[-4:] == ["all", "ranks", "busiest", "verdict"]
    assert scaling.remarks([one, many]) == [
        "ranks: 64 ranks share 2 cores; speed-up by the busiest rank's processor time"
    ]


def test_ranks_add_up_their_processor_time_block_by_block() -> None:
    team = Team(2, SimpleNamespace(gather=lambda seconds: [seconds, 3.0]))
    assert ranks.balance(team, 1.0) == "balance 0.67"
    assert ranks.balance(team, 3.0) == "balance 1.00"
    assert team.busy == [4.0, 6.0]
    another = Team(2, SimpleNamespace(gather=lambda _: None))
    assert (ranks.balance(another, 1.0), another.busy) == ("", [])


def test_the_page_has_the_speed_ups_of_the_stored_samples() -> None:
    results, _ = read_json(ROOT / "docs/results/mandel-ranks.json", "mandel")
    found = scaling.series(results)
    of = {(name, one.workers): times for name, points in found.items() for one, times, _ in points}
    balance = {each["workers"]: each for each in results[0].details[0]["balance"]}
    ways = {"mpi-block": "block", "mpi-cyclic": "cyclic", "mpi-dynamic": "queue"}
    page = (ROOT / "docs/mandelbrot.md").read_text()
    for count in (4, 16, 64):
        told = [
            f"{value:#.3g}×"
            for name, way in ways.items()
            for value in (of[name, count], count * balance[count][way])
        ]
        assert re.search(rf"^\|{count}\|[^|]*\|{re.escape('|'.join(told))}\|$", page, re.MULTILINE)


def test_ranks_with_a_core_each_are_compared_by_the_clock() -> None:
    alone = [
        Result("ranks", "p", [1 / n], work=9, workers=n, cores=n, busy=[[0.5] * n]) for n in (1, 4)
    ]
    assert scaling.series(alone)["ranks"][1][1:] == (4, 1)
    assert scaling.remarks(alone) == []


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # Not bound: the ranks of a node share all its cores.
        ([("a", {0, 1}, 0.0)] * 4, 2),
        # Bound to a core each, by a launcher.
        ([("a", {core}, 0.0) for core in range(4)], 4),
        ([("a", {0, 1}, 0.0)] * 2 + [("b", {0, 1}, 0.0)] * 2, 4),
        # As many ranks as cores in all, but one node has three of them.
        ([("a", {0, 1}, 0.0)] * 3 + [("b", {0, 1}, 0.0)], 3),
        ([("a", {0, 1, 2, 3}, 1.5)] * 4, 2),
    ],
)
def test_ranks_share_the_cores_of_their_node(
    places: list[tuple[str, set[int], float]], expected: int
) -> None:
    there = [machine.Place(node, frozenset(own), quota) for node, own, quota in places]
    assert machine.with_a_core(there) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--impl", "mpi"], ""),
        (["--weak"], ""),
        (["--scale=1,2"], STRONG),
        (["--scale", "1,2", "--weak"], WEAK),
    ],
)
def test_a_reports_command_tells_its_kind(words: list[str], expected: str) -> None:
    assert kind(words) == expected


def test_weak_scaling_has_so_many_times_the_work() -> None:
    wish = argparse.Namespace(scale=[1, 3])
    areas = scaling.grown(Picture(AREAS["area1"], full=False), ["numba"], wish)
    assert [one.parameters()["height"] for one in areas.values()] == [1000, 3000]
    counts = scaling.grown(Count(10, 1), ["simd"], wish)
    assert {workers: one.parameters()["pairs"] for workers, one in counts.items()} == {1: 10, 3: 30}


def test_what_cannot_grow_is_refused() -> None:
    with pytest.raises(UsageError, match="more than"):
        Count(1 << 39, 1).grown(4)
    wish = argparse.Namespace(scale=[1, 2])
    with pytest.raises(UsageError, match="no work that grows"):
        scaling.grown(object(), [], wish)  # type: ignore[arg-type]
