"""Pi's command line, what needs no numpy: lists, bad input, the talk's family."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.errors import UsageError
from workloads.pi import answer, definition, others
from workloads.pi.registry import FASTEST, PHILOX, SEEDED, TECHNIQUES
from workloads.pi.shares import parts, seeds, shares


def test_every_technique_has_its_line_and_its_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pi", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES) == [*SEEDED, *PHILOX]
    assert {*FASTEST} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-n 0", "at least 1"),
        ("-n -5", "at least 1"),
        ("-n many", "'many' is not a whole number"),
        ("-n 2.5", "'2.5' is not a whole number"),
        ("-n 1e6", "'1e6' is not a whole number"),
        ("-n nan", "'nan' is not a whole number"),
        ("-n 1099511627777", "more than 1099511627776"),
        ("-n", "expected one argument"),
        ("--seed -1", "at least 0"),
        ("--seed 18446744073709551616", "more than"),
        ("--seed x", "'x' is not a whole number"),
        ("--workers 0", "at least 1"),
        ("--repeat 0", "at least 1"),
        ("--impl nonesuch", "unknown technique 'nonesuch'"),
        ("--impl python --scale 1,2", "python has no workers"),
        ("--scale 1,2 --workers 3", "exclude"),
        ("--weak", "for --scale"),
        ("--json {tmp}/absent/pi.json", "absent"),
        ("--plot {tmp}/pi.docx", ".docx"),
        ("--full", "--full"),
        ("--area area1", "--area"),
        ("--python /nonesuch/python", "--python /nonesuch/python: No such file"),
        ("--python /bin/true", "--python /bin/true: is no Python"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pi", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_another_python_counts_beside_this_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "pi.json"
    pythons = ["--python", sys.executable, "--python", sys.executable]
    assert main(["pi", "-n", "1000", "--repeat", "2", *pythons, "--json", str(report)]) == 0
    version = f"python-{platform.python_version()}"
    told = json.loads(report.read_text())
    assert [each["impl"] for each in told["results"]] == ["python", version, f"{version}_2"]
    assert {each["answer"] for each in told["results"]} == {str(definition.seeded_hits(2022, 1000))}
    (parameters,) = told["parameters"].values()
    assert [*parameters["pythons"].values()] == [sys.executable] * 2
    assert f"{version}: {sys.executable}" in capsys.readouterr().out


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


def test_each_thread_of_another_python_has_its_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free = told(tmp_path, "3.14.0t 1")
    report = tmp_path / "pi.json"
    words = ["-n", "1000", "--workers", "3", "--python", free, "--json", str(report)]
    assert main(["pi", *words]) == 0
    found = {each["impl"]: each for each in json.loads(report.read_text())["results"]}
    assert [*found] == ["python", "threads", "python-3.14.0t", "threads-3.14.0t"]
    assert [each["workers"] for each in found.values()] == [1, 3, 1, 3]
    assert found["threads-3.14.0t"]["answer"] == found["threads"]["answer"]
    assert f"threads-3.14.0t: {free}" in capsys.readouterr().out


def test_another_python_that_ends_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = tmp_path / "python"
    ends.write_text('#!/bin/sh\ncase "$3" in *version_info*) echo 3.9.9 0;; esac\n')
    ends.chmod(0o755)
    assert main(["pi", "-n", "1000", "--python", str(ends)]) == 1
    assert capsys.readouterr().err == f"workloads: pi: {ends} ended unasked\n"


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("pairs", [1, 2, 10, 1_001])
def test_every_pair_is_counted_once(pairs: int, workers: int) -> None:
    assert [pair for share in shares(pairs, workers) for pair in share] == [*range(pairs)]
    assert [pair for part in parts(pairs, workers) for pair in part] == [*range(pairs)]
    lengths = [length for _, length in seeds(9, pairs, workers)]
    assert sum(lengths) == pairs
    assert max(lengths) - min(lengths) <= 1
    assert [seed for seed, _ in seeds(9, pairs, workers)] == [*range(9, 9 + workers)]


def test_hits_are_what_pythons_generator_gives() -> None:
    # Written out: the first pairs of random.Random(2022).
    draw = definition.seeded(2022)
    want = sum(draw() ** 2 + draw() ** 2 < 1 for _ in range(500))
    assert definition.seeded_hits(2022, 500) == want


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


def test_a_technique_without_its_kernel_says_where_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not TECHNIQUES["cython"].why_not():
        pytest.skip("the compiled kernels are here")
    assert main(["pi", "--impl", "cython"]) == 69
    assert "cannot run here" in capsys.readouterr().err
