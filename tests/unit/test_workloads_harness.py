"""The harness: choosing, the table, options, the machine."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from workloads.__main__ import main
from workloads.errors import UnavailableError, UsageError
from workloads.harness import machine, options, ranks
from workloads.harness.result import Result, duration, table, write_json
from workloads.harness.technique import Technique, listing, select
from workloads.harness.workload import Outcome
from workloads.pi.techniques import python

HERE = {
    "plain": Technique("json", "always there"),
    "absent": Technique("json", "needs what nobody has", needs=("no_such_module_here",)),
    "ranks": Technique("json", "many processes", parallel="ranks", one_core=("gone", "plain")),
}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("PMI_", "OMPI_", "SLURM_"))]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("alone")
class TestSelect:
    def test_all_leaves_out_what_cannot_run_and_says_why(self) -> None:
        names, left_out = select("all", HERE, ("plain",))
        assert names == ["plain"]
        assert "no_such_module_here" in left_out["absent"]
        assert "mpiexec" in left_out["ranks"]

    def test_auto_takes_the_first_that_can_run(self) -> None:
        assert select("auto", HERE, ("absent", "ranks", "plain"))[0] == ["plain"]

    def test_auto_takes_ranks_when_a_launcher_started_some(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PMI_RANK", "0")
        monkeypatch.setenv("PMI_SIZE", "2")
        assert select("auto", HERE, ("ranks", "plain"))[0] == ["ranks"]

    def test_auto_without_any_is_unavailable(self) -> None:
        with pytest.raises(UnavailableError):
            select("auto", HERE, ("absent",))

    def test_the_one_reason_why_nothing_can_run_is_said(self) -> None:
        for request in ("all", "auto"):
            with pytest.raises(UnavailableError, match="no_such_module_here"):
                select(request, {"absent": HERE["absent"]}, ("absent",))
        with pytest.raises(UnavailableError, match="--list tells why"):
            select("auto", HERE, ("absent", "ranks"))

    def test_a_named_one_that_cannot_run_is_unavailable(self) -> None:
        with pytest.raises(UnavailableError, match="no_such_module_here"):
            select("plain,absent", HERE, ())

    def test_ranks_run_on_one_rank_when_named(self) -> None:
        assert select("ranks", HERE, ())[0] == ["ranks"]

    def test_a_name_given_twice_runs_once(self) -> None:
        assert select("plain,plain", HERE, ())[0] == ["plain"]

    def test_listing_has_the_reason_in_the_line(self) -> None:
        lines = listing(HERE).splitlines()
        assert len(lines) == len(HERE)
        assert "cannot run here" not in lines[0]
        assert "cannot run here: Python has no module 'no_such_module_here'" in lines[1]


class TestTable:
    plain = Result("plain", "p", [2.0, 1.0], work=1_000_000, total=1_000_000)
    many = Result("ranks", "p", [0.25], work=1_000_000, total=1_000_000, workers=5)
    some = Result("absent", "p", [1.0], work=10_000, total=1_000_000, complete=False)

    def row(self, name: str) -> Any:
        shown = table([self.plain, self.many, self.some], HERE, "plain", "M/s")
        return next(line for line in shown.splitlines() if line.startswith(name))

    def test_the_fastest_sample_counts(self) -> None:
        assert " 1 s " in self.row("plain")

    def test_speed_up_and_efficiency_refer_to_the_one_core_technique(self) -> None:
        assert "4.0×" in self.row("ranks")
        assert "80%" in self.row("ranks")

    def test_a_workloads_own_columns_stand_before_the_verdict(self) -> None:
        results = [
            Result("plain", "p", [2.0], work=1, verdict="fine", details=[{"files": 3}]),
            Result("ranks", "p", [1.0], work=1, verdict="fine", details=[{"files": 4}]),
        ]
        columns = {
            "files": lambda result, _: str(result.details[-1]["files"]),
            "of": lambda _, everything: str(len(everything)),
        }
        lines = table(results, HERE, "plain", "M/s", columns).splitlines()
        assert lines[0].split()[-3:] == ["files", "of", "verdict"]
        assert [line.split()[-3:] for line in lines[1:]] == [["3", "2", "fine"], ["4", "2", "fine"]]

    def test_a_parallel_base_counts_for_each_of_its_workers(self) -> None:
        pair = Result("plain", "p", [0.5], work=1_000_000, total=1_000_000, workers=2)
        shown = table([pair, self.many], HERE, "plain", "M/s")
        # 4 M/s of 5 workers against 1 M/s of each of 2.
        assert "80%" in shown

    def test_memory_is_that_of_all_processes_together(self) -> None:
        some = Result("plain", "p", [1.0], work=1, memory=[300 << 20, 1000 << 20])
        shown = table([some, Result("ranks", "p", [1.0], work=1)], HERE, "plain", "M/s")
        head, first, second = shown.splitlines()
        assert head.split()[-2:] == ["memory", "verdict"]
        assert first.endswith("1,300 MiB")
        assert second.endswith("–")

    def test_a_sample_shows_what_all_would_take(self) -> None:
        assert "≈ 100 s" in self.row("absent")


def test_the_limit_of_the_hardware_is_told_with_the_ratio() -> None:
    result = Result("plain", "p", [9.0], note="eight lanes")
    result.compare_with_limit([(0.040, 0.1), (0.030, 0.048)])
    assert result.note == "eight lanes; limit 30 ms of one core, used 48 ms, ratio 1.60"
    result.compare_with_limit([])
    assert result.note.count("limit") == 1


class TestDetails:
    def test_they_are_kept_for_each_sample(self) -> None:
        result = Result("plain", "p")
        for number in (1, 2):
            result.add(Outcome(0.5, 1, "", True, "", details={"opens": number}))
        assert result.details == [{"opens": 1}, {"opens": 2}]

    def test_without_any_there_are_none(self) -> None:
        result = Result("plain", "p")
        result.add(Outcome(0.5, 1, "", True, ""))
        assert result.details == []


@pytest.mark.parametrize(
    ("words", "numbers", "rest"),
    [
        (["--at", "-1e-3"], -1e-3, []),
        (["--", "-1", "--at", "-2"], 0.0, ["-1", "--at", "-2"]),
        (["--at", "-2", "--", "x", "--", "-3"], -2.0, ["x", "--", "-3"]),
    ],
)
def test_what_follows_two_dashes_is_left_as_it_is(
    words: list[str], numbers: Any, rest: Any
) -> None:
    parser = options.Parser()
    parser.add_argument("--at", type=float, default=0.0)
    parser.add_argument("rest", nargs="*")
    wish = options.parse(parser, words)
    assert (wish.at, wish.rest) == (numbers, rest)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-n", "-5"], "argument -n: -5 is not at least 1; "),
        (["-n", "-1.5"], "argument -n: '-1.5' is not a whole number; "),
        (["--pick", "-7"], "argument --pick: invalid choice: '-7' (choose from "),
        (["--at", "-inf", "-6"], "unrecognized arguments: -6; "),
    ],
)
def test_a_negative_number_is_said_as_it_was_typed(words: list[str], says: str) -> None:
    with pytest.raises(UsageError) as error:
        options.parse(_negative(), words)
    assert str(error.value).startswith(says)


def test_a_file_may_have_a_negative_number_for_a_name() -> None:
    wish = options.parse(_negative(), ["--out", "-1", "--at", "-inf", "--name", " -2"])
    assert (wish.out, wish.at, wish.name) == (Path("-1"), -math.inf, " -2")


def _negative() -> Any:
    parser = options.Parser()
    parser.add_argument("-n", type=options.count)
    parser.add_argument("--at", type=float)
    parser.add_argument("--pick", choices=["a", "b"])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name")
    return parser


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1234.5, "1,234 s"),
        (47.0, "47 s"),
        (0.0123, "12.3 ms"),
        (2.5e-5, "25 µs"),
        (0.0, "0 µs"),
        (999.7, "1,000 s"),
        (0.9996, "1 s"),
        (0.9994, "999 ms"),
        (9.996e-4, "1 ms"),
    ],
)
def test_durations_have_a_fitting_unit(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_json_report_has_the_promised_keys(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_json(path, "mandel", {"size": 3}, ["--impl", "a b"], [TestTable.plain])
    report = json.loads(path.read_text())
    assert report.keys() == {
        *("workload", "parameters", "results"),
        *("machine", "versions", "image", "command", "date", "load_before"),
    }
    assert report["command"] == "python -m workloads mandel --impl 'a b'"
    assert {"impl", "samples", "ok", "answer", "workers", "note"} <= report["results"][0].keys()
    assert report["results"][0]["samples"] == [2.0, 1.0]


def test_the_load_is_that_of_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.load_before.cache_clear()
    loads = [0.123, 9.0]
    compute = python.compute

    def loading(*arguments: Any) -> tuple[int, str]:
        del loads[:-1]
        return compute(*arguments)

    monkeypatch.setattr(python, "compute", loading)
    monkeypatch.setattr(os, "getloadavg", lambda: (loads[0], 0, 0))
    assert main(["pi", "-n", "10", "--impl", "python", "--json", str(tmp_path / "r.json")]) == 0
    assert json.loads((tmp_path / "r.json").read_text())["load_before"] == 0.12
    assert machine.load() == 9


def test_a_cgroup_quota_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(64)})
    monkeypatch.setattr(machine, "_cgroup_quota", lambda: 1.5)
    assert machine.cores() == 2


@pytest.mark.parametrize("launcher", ["PMI", "OMPI_COMM_WORLD"])
def test_ranks_are_read_from_the_launcher(launcher: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PMI_RANK", "PMI_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{launcher}_RANK", "3")
    monkeypatch.setenv(f"{launcher}_SIZE", "8")
    assert ranks.expected() == 8
    assert not ranks.is_first()


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [
        (
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n\n"
            "processor\t: 1\nmodel name\t: another\n",
            "AMD EPYC (cpu family 25, model 17)",
        ),
        (
            "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n\n",
            "unknown (CPU implementer 0x41, CPU part 0xd4f)",
        ),
        ("", "unknown"),
    ],
)
def test_a_processor_is_named_with_its_generation(cpuinfo: str, name: str) -> None:
    assert machine.named(cpuinfo) == name
