"""The bench: choosing, the table, options, the machine."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpcpy_common import machine
from hpcpy_common.errors import UnavailableError
from workloads.bench.report import table, write_json
from workloads.bench.result import Done, Result
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
