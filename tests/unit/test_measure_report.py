"""Samples are taken of real processes, and written so that people can read them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from measure import report, startup
from measure.cases import CASES, Case, write_scripts
from measure.sampler import memory, timed
from measure.samples import SAMPLER, Samples

COUNTS = {
    "path_calls": 2772,
    "off_node": 2545,
    "getdents": 116,
    "opens": 607,
    "bytes_read": 10_122_697,
}


def start(case: str, *cpu: float) -> Samples:
    took = {"most": 12_000_000, "resident": 11_000_000, "private": 3_100_000}
    return Samples("wheels", "venv", case, dict(COUNTS), [0.05, 0.07, 0.06], list(cpu), [took])


def test_a_process_is_timed_and_its_exit_code_told() -> None:
    told = timed([sys.executable, "-c", "raise SystemExit(3)"])
    assert told["code"] == 3
    assert told["cpu"] > 0
    assert told["wall"] > 0


def test_memory_is_that_of_the_program_alone() -> None:
    small, big = (
        memory([sys.executable, "-c", Case("x", code).source(waiting=True)])
        for code in ("pass", "x = bytearray(b'x') * 32_000_000")
    )
    assert small["code"] == big["code"] == 0
    assert 0 < small["private"] <= small["resident"] <= small["most"]
    assert big["private"] - small["private"] >= 30_000_000


def test_a_program_that_fails_before_it_is_ready_is_told() -> None:
    assert memory([sys.executable, "-c", "raise SystemExit(4)"]) == {"code": 4}


def test_the_sampler_answers_line_by_line() -> None:
    request = json.dumps({"argv": [sys.executable, "-c", "pass"], "memory": False})
    done = subprocess.run(
        [sys.executable, "-I", SAMPLER],
        input=f"{request}\n{request}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == [0, 0]


def test_each_case_is_python_and_says_when_it_is_ready(tmp_path: Path) -> None:
    write_scripts(tmp_path)
    for case in CASES:
        for waiting in (False, True):
            option, *rest = case.arguments(tmp_path, waiting=waiting)
            text = Path(option).read_text() if case.script else rest[0]
            compile(text, case.name, "exec")
            assert ("ready" in text) == waiting


def test_the_table_has_a_row_a_start_and_names_each_case_once() -> None:
    lines = report.table([start("core", 0.2), start("core", 0.3)]).splitlines()
    assert lines[2] == (
        "| **core** | wheels, venv | 2,772 | 2,545 | 116 | 607 | 10.1 "
        "| 60.0 (50.0–70.0) | 200.0 (200.0–200.0) | 12.0 | 3.1 |"
    )
    assert lines[3].startswith("|  | wheels, venv |")
    assert len({line.count("|") for line in lines}) == 1


def test_the_page_keeps_its_text_and_takes_the_table_again(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- end of the table -->\nafter\n")
    for _ in range(2):
        report.write_page(page, page, report.table([start("core", 0.2)]))
        text = page.read_text()
        assert text.startswith("before\n<!-- table -->\n| start |")
        assert text.endswith("|\n<!-- end of the table -->\nafter\n")
        assert "old" not in text


def test_a_page_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("nothing\n")
    with pytest.raises(UsageError, match="no place for the table"):
        report.write_page(tmp_path / "page.md", tmp_path / "other.md", "a table\n")
    assert not (tmp_path / "other.md").exists()


def test_unsteady_times_are_told() -> None:
    steady, unsteady = start("core", 0.200, 0.201, 0.202), start("core", 0.2, 0.3, 0.2)
    assert report.unsteady([steady, start("pass", 0.2)]) == ""
    assert report.unsteady([steady, unsteady]).startswith("1 of 2 kinds vary by more than 10%")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "arguments are required: COMMAND"),
        (["nonsense"], "choose from 'startup'"),
        (["startup", "--samples", "0"], "at least one"),
        (["startup", "--images", "hpcpy", "--sif", "other=x.sif"], "not among --images hpcpy"),
        (["startup", "--images", "hpcpy", "--sif", "hpcpy=/nonexistent.sif"], "no such file"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    arguments: list[str], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        run(["bench", *arguments])


def test_the_projects_page_has_a_place_for_the_table(tmp_path: Path) -> None:
    page = paths.ROOT / "docs/startup.md"
    report.write_page(page, tmp_path / "startup.md", "a table\n")


@pytest.mark.parametrize(
    ("images", "drawn"),
    [
        (["wheels", "hpcpy"], {"startup.png", "readme.png"}),
        (["hpcpy", "pie"], {"startup.png"}),
    ],
)
def test_the_readmes_picture_needs_both_of_its_images(images: list[str], drawn: set[str]) -> None:
    assert {*startup.pictures(images)} == drawn
