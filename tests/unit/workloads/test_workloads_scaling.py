"""The same work by more and more workers, or as much for each of them."""

from dataclasses import replace
from typing import ClassVar

import pytest

from hpcpy_common import machine
from hpcpy_common.errors import UsageError
from workloads.bench import scaling
from workloads.bench.result import Done, Result
from workloads.bench.scaling import serial_fraction
from workloads.bench.workload import Technique

HERE = {
    "plain": Technique("json", "always there"),
    "threads": Technique("json", "threads", parallel="threads"),
    "ranks": Technique("json", "many processes", parallel="ranks"),
}
WORKERS = (1, 2, 4, 8, 32)


@pytest.mark.usefixtures("alone")
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
        assert "62%" in scaling.table(Done(self.results), "M/s")

    def test_a_technique_without_workers_is_refused(self) -> None:
        with pytest.raises(UsageError, match="plain has no workers"):
            scaling.counts(["plain"], HERE, [1, 2])

    def test_more_ranks_than_there_are_say_how_to_start_them(self) -> None:
        with pytest.raises(UsageError, match=r"there is 1 rank for ranks; .*mpiexec -n 4"):
            scaling.counts(["ranks"], HERE, [1, 4])


def by_amdahl(serial: float, workers: int) -> Result:
    seconds = 3 * (serial + (1 - serial) / workers)
    return Result("ranks", "p", [seconds], work=1_000, workers=workers)


def by_gustafson(serial: float, workers: int) -> Result:
    speed_up = serial + (1 - serial) * workers
    return Result("ranks", "p", [3 * workers / speed_up], work=1_000 * workers, workers=workers)


def test_laws_find_the_serial_fraction_that_made_the_times() -> None:
    for make in (by_amdahl, by_gustafson):
        base, *more = [make(0.03, workers) for workers in WORKERS]
        assert [serial_fraction(base, each) for each in more] == pytest.approx([0.03] * len(more))


def _threads(**seconds: float) -> list[Result]:
    """Return results of two cores, by workers: ``w4=1.0``."""
    made = []
    for name, each in seconds.items():
        workers = int(name[1:])
        cores = min(workers, 2)
        made.append(Result("threads", "p", [each], work=9, workers=workers, cores=cores))
    return made


def test_no_part_is_negative() -> None:
    assert serial_fraction(*_threads(w1=3.0, w2=1.0)) == 0
    assert serial_fraction(*_threads(w2=1.0, w4=2.0)) == 1


def test_more_than_the_cores_can_give_is_not_certain() -> None:
    own = _threads(w1=3.04, w2=1.0)
    _, alone, both = scaling.table(Done(own), "M/s").splitlines()
    assert "100%" in alone
    assert "3.04×  not certain       –" in both
    assert scaling.beyond_cores(_threads(w1=2.3, w4=1.0)) == [4]
    # A tenth differs from run to run; more workers may be slower, and those that wait gain more.
    assert not scaling.beyond_cores(_threads(w1=2.15, w2=1.0, w4=4.0))
    one, four = _threads(w1=4.0, w4=1.0)
    assert not scaling.beyond_cores([one, replace(four, cores=4)])


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # Bound to a core each, by a launcher.
        ([("a", {core}, 0.0) for core in range(4)], 4),
        # As many ranks as cores in all, but one node has three of them.
        ([("a", {0, 1}, 0.0)] * 3 + [("b", {0, 1}, 0.0)], 3),
        ([("a", {0, 1, 2, 3}, 1.5)] * 4, 2),
    ],
)
def test_ranks_share_the_cores_of_their_node(
    places: list[tuple[str, set[int], float]], expected: int
) -> None:
    there = [machine.Place(node, frozenset(own), quota) for node, own, quota in places]
    assert machine.cores_of(there) == expected
