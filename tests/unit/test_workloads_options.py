"""The options that every workload has, given wrongly to each of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.harness.options import tables_beside
from workloads.registry import WORKLOADS


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--impl", "argument --impl: expected one argument"),
        ("--impl nonesuch", "unknown technique 'nonesuch'; one of: all, auto, "),
        ("--workers", "argument --workers: expected one argument"),
        ("--workers 0", "argument --workers: 0 is not at least 1"),
        ("--workers -2", "argument --workers: -2 is not at least 1"),
        ("--workers 1.5", "argument --workers: '1.5' is not a whole number"),
        # Before Python 3.13 argparse made an empty list of it.
        ("--workers=--", "argument --workers: '--' is not a whole number"),
        ("--scale 2,0", "argument --scale: 0 is not at least 1"),
        ("--scale -1", "argument --scale: -1 is not at least 1"),
        ("--scale 1,x", "argument --scale: 'x' is not a whole number"),
        ("--scale 1,2 --workers 3", "--scale and --workers exclude each other"),
        ("--repeat 0", "argument --repeat: 0 is not at least 1"),
        ("--repeat -1", "argument --repeat: -1 is not at least 1"),
        ("--repeat many", "argument --repeat: 'many' is not a whole number"),
        ("--json", "argument --json: expected one argument"),
        ("--json {tmp}", "--json {tmp}: is a folder; give a file name"),
        ("--json {tmp}/none/r.json", "--json {tmp}/none/r.json: there is no folder {tmp}/none"),
        ("--json /proc/r.json", "--json /proc/r.json: cannot be written"),
        ("--plot", "argument --plot: expected one argument"),
        ("--plot {tmp}/r.docx", "--plot {tmp}/r.docx: ends in none of .png, .pdf, .svg"),
        ("--plot {tmp}/none/r.png", "--plot {tmp}/none/r.png: there is no folder {tmp}/none"),
        ("--profile cprofile", "argument --profile: expected 2 arguments"),
        (
            "--profile gprof {tmp}/p",
            "--profile gprof: is none of cprofile, line, memory, viztracer",
        ),
        ("--profile cprofile {tmp}/none/p", "there is no folder {tmp}/none"),
        ("--nonesuch", "unrecognized arguments: --nonesuch"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    name: str, options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"workloads: {name}: ")
    assert shown.err.count("\n") == 1
    assert says.format(tmp=tmp_path) in shown.err
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_another_rank_has_made_is_no_standard_output(tmp_path: Path) -> None:
    # `write --out FOLDER`: rank 0 makes it while the others still look.
    wish = argparse.Namespace(json=None, plot=None, profile=None, out=tmp_path)
    with tables_beside(wish) as stream:
        assert stream is None
