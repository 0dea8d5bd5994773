"""The exchange of messages: its command line, what needs neither numpy nor MPI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workloads.__main__ import main
from workloads.harness.result import Result
from workloads.p2p import problem
from workloads.p2p.command import P2P
from workloads.p2p.overview import Overview
from workloads.p2p.patterns import sender
from workloads.p2p.problem import how_often
from workloads.p2p.registry import FASTEST, TECHNIQUES
from workloads.p2p.sizes import DEFAULT, in_words, sizes


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("PMI_", "OMPI_", "SLURM_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    for name in problem._RANKS_HERE:
        monkeypatch.delenv(name, raising=False)


def test_every_technique_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["p2p", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)
    assert {*FASTEST} <= TECHNIQUES.keys()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", TECHNIQUES)
def test_one_rank_is_told_what_to_type(name: str) -> None:
    said = TECHNIQUES[name].obstacle()
    assert "mpiexec -n 2 python -m workloads p2p" in said
    assert "srun -n 2 python -m workloads p2p" in said


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("request_", ["auto", "all", "mpi-upper,mpi-put"])
def test_one_rank_is_69_and_one_line(request_: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["p2p", "--impl", request_]) == 69
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--sizes 0", "0 is not between 1 and 256 MiB"),
        ("--sizes -8", "'-8' is no size"),
        ("--sizes 8,x", "'x' is no size"),
        ("--sizes 8,", "'' is no size"),
        ("--sizes 1.5KiB", "'1.5KiB' is no size"),
        ("--sizes 8GB", "'8GB' is no size"),
        ("--sizes nan", "'nan' is no size"),
        ("--sizes 257MiB", "257MiB is not between 1 and 256 MiB"),
        ("--times 0", "at least 1"),
        ("--times 10000001", "more than 10000000"),
        ("--times 1e3", "'1e3' is not a whole number"),
        ("--warm-up -1", "at least 0"),
        ("--warm-up x", "'x' is not a whole number"),
        ("--pattern ring", "invalid choice: 'ring'"),
        ("--scale 1,2", "--scale 1: one rank has nobody to send to"),
        ("--repeat 0", "at least 1"),
        ("--impl nonesuch", "unknown technique 'nonesuch'"),
        ("--json {tmp}/absent/p2p.json", "absent"),
        ("--plot {tmp}/p2p.docx", ".docx"),
        ("--full", "--full"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["p2p", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_sizes_are_read_and_shown_in_words() -> None:
    assert sizes("8,4KiB,1mib,8, 16 B") == [8, 16, 4096, 1 << 20]
    assert [in_words(size) for size in (8, 1000, 4096, 3 << 20)] == [
        "8 B", "1,000 B", "4 KiB", "3 MiB",
    ]  # fmt: skip
    assert (len(DEFAULT), DEFAULT[0], DEFAULT[-1]) == (20, 8, 4 << 20)
    assert sizes(",".join(map(in_words, DEFAULT))) == [*DEFAULT]


@pytest.mark.usefixtures("of_two")
def test_small_messages_are_sent_more_often_and_crowded_ranks_send_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workloads.p2p.problem.os.cpu_count", lambda: 2)
    assert [how_often(size) for size in (1, 8, 1 << 20, 4 << 20, 1 << 28)] == [
        1000, 1000, 64, 16, 16,
    ]  # fmt: skip
    monkeypatch.setattr("workloads.p2p.problem.os.cpu_count", lambda: 1)
    assert [how_often(size) for size in (8, 4 << 20)] == [100, 8]


@pytest.mark.usefixtures("of_two")
def test_messages_that_memory_does_not_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = P2P.problems(_wish("--sizes", "128MiB", "--pattern", "exchange"))
    monkeypatch.setattr("workloads.p2p.problem.machine.available_memory", lambda: 1 << 30)
    monkeypatch.setattr("workloads.p2p.problem.ranks.world", _World)
    with pytest.raises(Exception, match=r"needs 1\.2 GiB of memory for 2 ranks"):
        wish[0].prepare([])


@pytest.mark.usefixtures("of_two")
@pytest.mark.parametrize(
    ("name", "told", "here"),
    [
        ("MPI_LOCALNRANKS", "4", 4),
        ("OMPI_COMM_WORLD_LOCAL_SIZE", "8", 8),
        ("SLURM_STEP_TASKS_PER_NODE", "64(x2),32", 64),
        ("SLURM_STEP_TASKS_PER_NODE", "", 2),
    ],
)
def test_the_ranks_of_this_node_are_those_that_crowd_it(
    name: str, told: str, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, told)
    assert problem._on_this_node() == here


def test_who_receives_from_whom() -> None:
    assert [sender("ping-pong", rank, 2) for rank in range(2)] == [1, 0]
    assert [sender("ping-pong", rank, 4) for rank in range(4)] == [3, None, None, 0]
    assert [sender("exchange", rank, 4) for rank in range(4)] == [3, 0, 1, 2]


class TestOverview:
    def results(self) -> Iterator[Any]:
        for name, median in (("a", 2e-6), ("b", 4e-6)):
            for size in (8, 4096):
                yield Result(
                    name, "p", [1.0], ok=True, workers=2,
                    details=[
                        {"pattern": "ping-pong", "bytes": size, "median": median, "least": 1e-6},
                        {"pattern": "ping-pong", "bytes": size, "median": 9.0, "least": 9.0},
                    ],
                )  # fmt: skip

    def test_sizes_go_down_and_techniques_across(self) -> None:
        lines = Overview().table([*self.results()]).splitlines()
        assert "ranks 0 and 1" in lines[0]
        # The best of the repetitions.
        assert lines[1].split() == ["bytes", "a", "b"]
        assert lines[2].split() == ["8", "B", "2.00", "(1.00)", "4.00", "(1.00)"]
        # 4,096 bytes in 2 and in 4 µs.
        assert "4 KiB  2,048.0  1,024.0" in lines
        assert lines[-1] == "every message arrived as sent (SHA-256)"

    def test_a_wrong_one_is_named_at_the_end(self) -> None:
        results = [*self.results()]
        results[1].ok, results[1].verdict = False, "WRONG: rank 1"
        assert Overview().table(results).splitlines()[-1] == "a, p: WRONG: rank 1"


class _World:
    def bcast(self, value: Any) -> Any:
        return value


def _wish(*words: Any) -> Any:
    import argparse

    parser = argparse.ArgumentParser()
    P2P.add_options(parser.add_argument_group())
    parser.add_argument("--scale")
    return parser.parse_args(words)
