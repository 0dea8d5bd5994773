"""The bench: choosing, tables, reports, and the same work by more and more workers."""

import ast
import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpcpy_common import machine
from hpcpy_common.errors import UnavailableError, UsageError
from workloads.bench import scaling
from workloads.bench.choosing import select
from workloads.bench.report import table, write_json
from workloads.bench.result import Done, Result
from workloads.bench.scaling import serial_fraction
from workloads.bench.workload import Technique
from workloads.registry import numba_modules

HERE = {
    "plain": Technique("json", "always there"),
    "absent": Technique("json", "needs what nobody has", needs=("no_such_module_here",)),
    "ranks": Technique("json", "many processes", parallel="ranks", one_core=("gone", "plain")),
}


@pytest.mark.usefixtures("alone")
def test_what_cannot_run_is_left_out_of_all_and_an_error_by_its_name() -> None:
    names, left_out = select("all", HERE, ("plain",))
    assert names == ["plain"]
    assert "no_such_module_here" in left_out["absent"]
    assert "mpiexec" in left_out["ranks"]
    with pytest.raises(UnavailableError, match="no_such_module_here"):
        select("plain,absent", HERE, ())


@pytest.mark.usefixtures("alone")
def test_auto_takes_the_first_that_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert select("auto", HERE, ("absent", "ranks", "plain"))[0] == ["plain"]
    # As a launcher has started some ranks.
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    assert select("auto", HERE, ("absent", "ranks", "plain"))[0] == ["ranks"]


PLAIN = Result("plain", "p", [2.0, 1.0], work=1_000_000, total=1_000_000)


# Both refer to the one-core technique: to a core of it, whose workers share them.
@pytest.mark.parametrize(
    ("plain", "says"),
    [(PLAIN, ("4.0×", "80%")), (replace(PLAIN, workers=64, cores=2), ("160%",))],
    ids=["a worker", "64 workers on 2 cores"],
)
def test_speed_up_and_efficiency(plain: Result, says: tuple[str, ...]) -> None:
    many = Result("ranks", "p", [0.25], work=1_000_000, total=1_000_000, workers=5)
    some = Result("absent", "p", [1.0], work=10_000, total=1_000_000, complete=False)
    how: Any = SimpleNamespace(techniques=HERE, baseline="plain", unit="M/s", columns={})
    shown = table(Done([plain, many, some]), how)
    row = next(line for line in shown.splitlines() if line.startswith("ranks"))
    assert [one for one in says if one not in row] == []
    # Whoever ran first had the imports of all in it.
    assert "start" not in shown.split()


def test_json_report_has_the_promised_keys(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_json(path, "mandel", {"size": 3}, ["--impl", "a b"], Done([PLAIN]))
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


SCALED = {
    "plain": Technique("json", "always there"),
    "threads": Technique("json", "threads", parallel="threads"),
    "ranks": Technique("json", "many processes", parallel="ranks"),
}
WORKERS = (1, 2, 4, 8, 32)


@pytest.mark.usefixtures("alone")
def test_workers_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="plain has no workers"):
        scaling.counts(["plain"], SCALED, [1, 2])
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


FOUR = {0, 1, 2, 3}


# Each rank's node and cores, their quota; the cores of all, and a rank's share on one node.
@pytest.mark.parametrize(
    ("places", "quota", "cores", "share"),
    [
        # Bound to a core each, by a launcher; to two each; not bound; more ranks than cores.
        ([("a", {core}) for core in FOUR], 0.0, 4, 1),
        ([("a", {0, 1}), ("a", {2, 3})], 0.0, 2, 2),
        ([("a", FOUR)] * 2, 0.0, 2, 2),
        ([("a", {0, 1})] * 5, 0.0, 2, 1),
        ([("a", FOUR)] * 4, 1.5, 2, 1),
        # As many ranks as cores in all, but one node has three of them.
        ([("a", {0, 1})] * 3 + [("b", {0, 1})], 0.0, 3, None),
    ],
)
def test_ranks_share_the_cores_of_their_node(
    places: list[tuple[str, set[int]]], quota: float, cores: int, share: int | None
) -> None:
    there = [machine.Place(node, frozenset(own), quota) for node, own in places]
    assert machine.cores_of(there) == cores
    assert share is None or machine.share(there) == share


@pytest.mark.parametrize("module", sorted({*numba_modules()}))
def test_an_images_build_can_import_what_has_kernels(module: str) -> None:
    # There is no MPI library in it, and hpcpy-core has no Dask: its build ended there.
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    names: set[str] = set()
    for node in ast.parse(Path(spec.origin).read_text()).body:
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names - sys.stdlib_module_names <= {"hpcpy_common", "numba", "numpy", "workloads"}
