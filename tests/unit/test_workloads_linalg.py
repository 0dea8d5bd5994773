"""Linear algebra without numpy: lists, bad input, which technique is for which task."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workloads.__main__ import main
from workloads.errors import UsageError
from workloads.harness import machine
from workloads.harness.result import Result, table
from workloads.harness.technique import Technique, fitting, listing
from workloads.linalg import blas, command, crossover, definition, problems
from workloads.linalg.registry import FASTEST, TECHNIQUES, THREADS

TASKS = {"eigh", "gram", "tasks", "dot", "addone", "mean", "threads"}


def test_every_technique_has_its_line_and_says_what_it_is_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["linalg", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)
    assert all(set(t.problems) <= TASKS and t.problems for t in TECHNIQUES.values())
    assert all(f"  {', '.join(TECHNIQUES[line.split()[0]].problems)}: " in line for line in lines)
    assert {*FASTEST} <= TECHNIQUES.keys()
    one, many = {"serial", "numpy-batch", "cupy", "cupy-batch"}, {"multiprocessing", "mpi", "dask"}
    assert one | many | {"cupy-mpi"} == {
        name for name, technique in TECHNIQUES.items() if "tasks" in technique.problems
    }


def test_the_sweep_is_of_powers_of_two_up_to_twice_the_cores() -> None:
    counts = [*THREADS.values()]
    assert counts[:3] == [0, 1, 2]
    assert counts[-1] <= 2 * machine.cores()
    assert {*THREADS} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-n 0", "at least 1"),
        ("-n -5", "at least 1"),
        ("-n many", "'many' is not a whole number"),
        ("-n 2.5", "'2.5' is not a whole number"),
        ("-n nan", "'nan' is not a whole number"),
        ("-n", "expected one argument"),
        ("-n 46341", "the most for eigh"),
        ("--task dot -n 46341", "the most for dot"),
        ("--task addone -n 100000001", "more than 100000000"),
        ("-n 5,", "'' is not a whole number"),
        ("--task dot -n 3,46341", "-n 46341: more than 46340, the most for dot"),
        ("--count 0", "at least 1"),
        ("--count 1000001", "more than 1000000"),
        ("--count x", "'x' is not a whole number"),
        ("--task eigh --count 3", "only tasks have a count"),
        ("--task inverse", "'inverse' is none of all, eigh"),
        ("--task eigh,", "'' is none of"),
        ("--task", "expected one argument"),
        ("--seed -1", "at least 0"),
        ("--seed 9223372036854775809", "more than"),
        ("--seed x", "'x' is not a whole number"),
        ("--workers 0", "at least 1"),
        ("--repeat 0", "at least 1"),
        ("--impl nonesuch", "unknown technique 'nonesuch'"),
        ("--impl ''", "unknown technique"),
        ("--task dot --impl multiprocessing", "is not for dot; one of: numpy, cupy"),
        ("--task eigh,tasks --impl serial", "is not for eigh"),
        ("--task threads --scale 1,2", "a sweep already"),
        ("--scale 1,2 --workers 3", "exclude"),
        ("--json {tmp}/absent/linalg.json", "absent"),
        ("--plot {tmp}/linalg.docx", ".docx"),
        ("--profile gprof {tmp}/x", "gprof"),
        ("--full", "--full"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["linalg", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_more_than_the_memory_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 2**30)
    problems.Eigh(4_000, 1).prepare([])
    with pytest.raises(UsageError, match=r"-n 5000 needs 1.5 GiB of memory for eigh, 1.0 are"):
        problems.Eigh(5_000, 1).prepare([])


def test_a_request_is_cut_to_what_a_problem_has() -> None:
    registry = {"a": Technique("m", "s"), "b": Technique("m", "s", problems=("x",))}
    assert fitting("a,b", registry, "x") == ("b", {"b": registry["b"]})
    assert fitting("a,b", registry, "y") == ("a", {"a": registry["a"]})
    # `c` is not known at all: `select` refuses it.
    assert fitting("b,c", registry, "y")[0] == "c"
    assert fitting("all", registry, "y") == ("all", {"a": registry["a"]})
    with pytest.raises(UsageError, match="is not for y"):
        fitting("b", registry, "y")
    assert listing(registry).splitlines() == ["a  s", "b  x: s"]


def test_of_several_baselines_the_first_that_has_run_counts() -> None:
    results = [Result(name, "x", [s], work=1, total=1) for name, s in (("b", 1.0), ("c", 0.5))]
    registry = {name: Technique("m", "s") for name in "bc"}
    shown = [line.split() for line in table(results, registry, ("a", "b", "c"), "u").splitlines()]
    assert ["1.0×" in shown[1], "2.0×" in shown[2]] == [True, True]


@pytest.mark.parametrize("count", [0, 3])
def test_children_get_a_number_of_threads_and_the_parent_keeps_its_own(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"OMP_NUM_THREADS": "5", "OPENBLAS_NUM_THREADS": "6"}
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    with blas.threads(count):
        there = {name: os.environ[name] for name in blas.VARIABLES if name in os.environ}
        assert there == ({"OMP_NUM_THREADS": "3"} if count else {})
    assert {name: os.environ.get(name) for name in before} == before
    with blas.shared(2) as note:
        assert os.environ["OMP_NUM_THREADS"] == "5"
        assert note == "OPENBLAS_NUM_THREADS=6 in each process"


def test_processes_share_the_cores_where_the_user_has_said_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    for workers, each in ((1, 8), (3, 2), (8, 1), (20, 1)):
        with blas.shared(workers):
            assert os.environ["OMP_NUM_THREADS"] == str(each)
        assert "OMP_NUM_THREADS" not in os.environ


def test_the_sweep_tells_how_good_the_default_is() -> None:
    results = [
        Result(name, "threads", [seconds], work=90, total=90)
        for name, seconds in (("omp-unset", 1.0), ("omp-1", 2.0), ("omp-2", 0.9))
    ]
    sweep = problems.Threads(10, 1)
    assert sweep.remarks(results) == ["by default: 90% of the best rate, omp-2's"]
    assert sweep.remarks(results[:1]) == sweep.remarks(results[1:]) == sweep.remarks([]) == []


class TestCheck:
    def test_too_much_is_wrong_and_so_is_what_is_no_number(self) -> None:
        for error, right in ((0.0, True), (50.0, True), (50.1, False), (float("nan"), False)):
            found = [(1.0, 1.0), (error, 2.0)]
            got, _, says = problems.Tasks(9, 1, 2).check(found)
            assert (got, says.startswith("WRONG: 1 tasks, ")) == (right, not right)

    def test_a_task_that_was_lost_is_told(self) -> None:
        right, _, says = problems.Tasks(9, 1, 3).check([(1.0, 1.0)] * 2)
        assert (right, says) == (False, "WRONG: 2 of 3 tasks were done")

    def test_one_is_added_to_each(self) -> None:
        assert problems.AddOne(4, 1).check(10.0) == (True, "10", "10, exactly n·(n + 1) / 2")
        right, _, says = problems.AddOne(4, 1).check(6.0)
        assert (right, says) == (False, "WRONG: 6.0, not 10")

    def test_a_mean_is_exact(self) -> None:
        assert problems.Mean(4, 1).check(1.5) == (True, "1.5", "1.5, exactly (n − 1) / 2")
        assert problems.Mean(4, 1).check(1.25)[2] == "WRONG: 1.25, not 1.5"


def test_an_array_is_asked_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    own, cupys = ModuleType("own"), ModuleType("cupy")
    own.mean = cupys.mean = lambda array: len(array) / 2  # type: ignore[attr-defined]
    asked: list[object] = []

    def get_array_module(array: object) -> ModuleType:
        asked.append(array)
        return cupys

    cupys.get_array_module = get_array_module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cupy", cupys)
    monkeypatch.setitem(sys.modules, "own.array", own)

    def of(module: str, **more: object) -> object:
        return type("ndarray", (list,), {"__module__": module, **more})([1, 2])

    standard = of("any", __array_namespace__=lambda _: own)
    assert definition.mean_of(standard) == (1.0, "get_array_module: own")
    # As for Dask's arrays: the package of the class.
    assert definition.mean_of(of("own.array.core")) == (1.0, "get_array_module: own")
    assert asked == []
    for module in ("cupy", "cupy._core.core"):
        array = of(module)
        assert definition.mean_of(array) == (1.0, "get_array_module: cupy")
        assert asked.pop() is array


def swept(impl: str, times: dict[int, float], kernels: dict[int, float]) -> list[Result]:
    return [
        Result(impl, f"dot {n}", [seconds], kernel=[kernels[n]] if kernels else [])
        for n, seconds in times.items()
    ]


@pytest.mark.parametrize(
    ("fast", "kernels", "says"),
    [
        ({1: 9.0, 20: 3.0, 3000: 8.0}, {}, "from n = 3,000 on"),
        ({1: 0.5, 20: 1.0, 3000: 8.0}, {}, "from n = 1 on"),
        # Faster once, and then no more: by chance.
        ({1: 0.5, 20: 3.0, 3000: 20.0}, {}, "at none of these sizes"),
        (
            {1: 9.0, 20: 9.0, 3000: 8.0},
            {1: 1.0, 20: 1.0, 3000: 1.0},
            "from n = 3,000 on, its kernel alone from n = 20 on",
        ),
    ],
)
def test_of_several_sizes_it_tells_from_which_on_another_is_faster(
    fast: dict[int, float], kernels: dict[int, float], says: str
) -> None:
    slow = swept("numpy", {1: 1.0, 20: 2.5, 3000: 9.0}, {})
    results = slow + swept("cupy", fast, kernels)
    assert crossover.lines(results) == [f"dot: cupy is faster than numpy {says}"]
    assert crossover.lines(slow) == crossover.lines([Result("numpy", "dot", [1.0])]) == []


def test_without_options_there_is_one_of_the_talks_size_and_128_smaller() -> None:
    wish = argparse.Namespace(
        task=["eigh", "tasks"], n=None, count=None, seed=command.SEED, scale=None, impl="auto"
    )
    one, many = command._problems(wish)
    assert (one.parameters(), one.work) == ({"n": 1_000, "seed": 2022}, 9_000_000_000)
    assert many.parameters() == {"n": 1_000, "seed": 2022, "count": 128}
