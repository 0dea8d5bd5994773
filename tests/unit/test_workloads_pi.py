"""Pi's command line, what needs no numpy: lists, bad input, the talk's family."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.errors import UsageError
from workloads.pi import answer, others
from workloads.pi.shares import parts, seeds, shares


def told(folder: Path, version: str) -> str:
    """Return a program that calls itself such a Python, and otherwise is this one."""
    file = folder / version.replace(" ", "-")
    own = f'*) exec {sys.executable} "$@";;'
    file.write_text(f'#!/bin/sh\ncase "$3" in *Py_GIL_DISABLED*) echo {version};; {own} esac\n')
    file.chmod(0o755)
    return str(file)


def test_a_python_without_a_gil_has_a_row_of_threads(tmp_path: Path) -> None:
    free, other = told(tmp_path, "3.14.0t 1"), told(tmp_path, "3.14.0 0")
    rows = others.named([other, free, free])
    assert rows == {
        "python-3.14.0": other,
        "python-3.14.0t": free,
        "threads-3.14.0t": free,
        "python-3.14.0t_2": free,
        "threads-3.14.0t_2": free,
    }
    assert others.request(rows) == ",".join(["python", "threads", *rows])
    assert others.request(["python-3.14.0"]) == "python,python-3.14.0"
    threads = others.technique("threads-3.14.0t_2", free)
    assert (threads.parallel, threads.one_core) == ("threads", ("python-3.14.0t_2",))


def test_a_python_that_is_too_old_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no Python 3\.7 or later"):
        others.named([told(tmp_path, "3.6.15 0")])


@pytest.mark.parametrize("workers", [3, 7])
@pytest.mark.parametrize("pairs", [2, 1_001])
def test_every_pair_is_counted_once(pairs: int, workers: int) -> None:
    assert [pair for share in shares(pairs, workers) for pair in share] == [*range(pairs)]
    assert [pair for part in parts(pairs, workers) for pair in part] == [*range(pairs)]
    lengths = [length for _, length in seeds(9, pairs, workers)]
    assert sum(lengths) == pairs
    assert max(lengths) - min(lengths) <= 1
    assert [seed for seed, _ in seeds(9, pairs, workers)] == [*range(9, 9 + workers)]


def test_pure_python_runs_without_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pi", "--impl", "python,threads,sleep-threads", "-n", "1000"]) == 0
    shown = capsys.readouterr().out
    assert "seeded, 1 at work: 780 hits, π ≈ 3.1200000: matches the definition" in shown


def test_a_wrong_count_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workloads.pi.techniques import python

    monkeypatch.setattr(python, "seeded_hits", lambda _, pairs: pairs - 1)
    assert main(["pi", "--impl", "python", "-n", "1000"]) == 1
    shown = capsys.readouterr()
    want = "WRONG: 999 hits, not 780 (the definition, counted again)"
    assert shown.err == f"pi: python on 1,000 pairs: {want}\n"
    assert want in shown.out


class TestCheck:
    def test_the_talks_counts_are_stored_for_1_2_and_4(self) -> None:
        for workers, hits in ((1, 15_703_410), (2, 15_704_402), (4, 15_703_353)):
            right, says = answer.check("threads", hits, 20_000_000, 2022, workers)
            assert (right, says) == (True, "matches the stored count")
            assert not answer.check("threads", hits + 1, 20_000_000, 2022, workers)[0]

    @pytest.mark.parametrize(("pairs", "hits"), [(20_000_000, 15_705_172), (1_000, 797)])
    def test_the_counter_based_count_is_one_for_any_workers(self, pairs: int, hits: int) -> None:
        for workers in (1, 2, 3, 64):
            assert answer.check("simd", hits, pairs, 2022, workers)[0]
            assert not answer.check("simd", hits - 1, pairs, 2022, workers)[0]

    def test_too_many_to_count_again_must_be_likely(self) -> None:
        pairs = 2**40
        assert answer.check("simd", 863_544_000_000, pairs, 1, 1)[0] is False
        right, says = answer.check("simd", round(pairs * 0.785398163), pairs, 1, 1)
        assert right
        assert "standard deviations" in says
