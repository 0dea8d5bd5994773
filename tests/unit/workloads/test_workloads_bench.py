"""The bench: choosing, tables, reports, and the same work by more and more workers."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from hpcpy_common import machine
from hpcpy_common.errors import UnavailableError, UsageError
from workloads.bench import scaling
from workloads.bench.report import table, write_json
from workloads.bench.result import Done, Result
from workloads.bench.scaling import serial_fraction
from workloads.bench.workload import Technique, select

HERE = {
    "plain": Technique("json", "always there"),
    "absent": Technique("json", "needs what nobody has", needs=("no_such_module_here",)),
    "ranks": Technique("json", "many processes", parallel="ranks", one_core=("gone", "plain")),
}


@pytest.mark.usefixtures("alone")
class TestSelect:
    def test_all_leaves_out_what_cannot_run_and_says_why(self) -> None:
        names, left_out = select("all", HERE, ("plain",))
        assert names == ["plain"]
        assert "no_such_module_here" in left_out["absent"]
        assert "mpiexec" in left_out["ranks"]

    def test_auto_takes_the_first_that_can_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert select("auto", HERE, ("absent", "ranks", "plain"))[0] == ["plain"]
        # As a launcher has started some ranks.
        monkeypatch.setenv("PMI_RANK", "0")
        monkeypatch.setenv("PMI_SIZE", "2")
        assert select("auto", HERE, ("absent", "ranks", "plain"))[0] == ["ranks"]

    def test_a_named_one_that_cannot_run_is_unavailable(self) -> None:
        with pytest.raises(UnavailableError, match="no_such_module_here"):
            select("plain,absent", HERE, ())


class TestTable:
    plain = Result("plain", "p", [2.0, 1.0], work=1_000_000, total=1_000_000)
    many = Result("ranks", "p", [0.25], work=1_000_000, total=1_000_000, workers=5)
    some = Result("absent", "p", [1.0], work=10_000, total=1_000_000, complete=False)

    def row(self, name: str, plain: Result = plain) -> Any:
        how: Any = SimpleNamespace(techniques=HERE, baseline="plain", unit="M/s", columns={})
        shown = table(Done([plain, self.many, self.some]), how)
        return next(line for line in shown.splitlines() if line.startswith(name))

    def test_speed_up_and_efficiency_refer_to_the_one_core_technique(self) -> None:
        assert "4.0×" in self.row("ranks")
        assert "80%" in self.row("ranks")

    def test_efficiency_refers_to_a_core_of_a_technique_whose_workers_share_them(self) -> None:
        shared = replace(self.plain, workers=64, cores=2)
        # A core does half a million a second; five workers do four million.
        assert "160%" in self.row("ranks", shared)


def test_json_report_has_the_promised_keys(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_json(path, "mandel", {"size": 3}, ["--impl", "a b"], Done([TestTable.plain]))
    report = json.loads(path.read_text())
    assert report.keys() == {
        *("workload", "parameters", "results", "failures"),
        *("machine", "versions", "image", "command", "date", "load_before"),
    }
    # A virtual machine's name of it may be the same for every generation.
    assert re.search(r"\((cpu family|CPU implementer) ", report["machine"]["processor"])
    assert report["command"] == "python -m workloads mandel --impl 'a b'"
    assert {"impl", "samples", "ok", "answer", "workers", "note"} <= report["results"][0].keys()
    assert report["results"][0]["samples"] == [2.0, 1.0]


def test_a_cgroup_quota_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(64)})
    monkeypatch.setattr(machine, "_cgroup_quota", lambda: 1.5)
    assert machine.cores() == 2


SCALED = {
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
            scaling.counts(["plain"], SCALED, [1, 2])

    def test_more_ranks_than_there_are_say_how_to_start_them(self) -> None:
        with pytest.raises(UsageError, match=r"there is 1 rank for ranks; .*mpiexec -n 4"):
            scaling.counts(["ranks"], SCALED, [1, 4])


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


@pytest.mark.parametrize(
    ("own", "quota", "share"),
    [
        # Bound to two cores each, or none bound; more ranks than cores; a quota of the node's.
        ([{0, 1}, {2, 3}], 0.0, 2),
        ([{0, 1, 2, 3}] * 2, 0.0, 2),
        ([{0, 1}] * 5, 0.0, 1),
        ([{0, 1, 2, 3}] * 2, 2.0, 1),
    ],
)
def test_a_nodes_cores_are_shared_among_its_ranks(
    own: list[set[int]], quota: float, share: int
) -> None:
    assert machine.share([machine.Place("a", frozenset(each), quota) for each in own]) == share
