"""What a start costs, in the image: every case, every technique, the counts right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from needed import is_drawn, plotted

from running import on_ranks
from workloads.__main__ import main
from workloads.startup.registry import TECHNIQUES

# The fewest and the most; `tests/launch/test_startup_counts.py` takes all.
CASES = ("pass", "core+MPI")


def test_every_technique(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, chart = tmp_path / "s.json", tmp_path / "s.svg"
    options = ["--case", ",".join(CASES), "--workers", "2", "--json", str(report)]
    assert main(["startup", *options, *plotted(chart)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "left out" not in shown.out, "ptrace is allowed here"
    results = json.loads(report.read_text())["results"]
    assert [(r["problem"], r["impl"]) for r in results] == [
        (c, t) for c in CASES for t in TECHNIQUES
    ]
    found = {(r["problem"], r["impl"]): r for r in results}
    imported = [found[case, "importtime"]["details"][0]["modules"] for case in CASES]
    assert imported == sorted(imported)
    for case in CASES:
        assert found[case, "spawn-many"]["details"][0]["starts"] == 2
        counted = found[case, "strace"]["details"][0]
        paths = sum(counted["kinds"].values()) - counted["getdents"] - counted["kinds"]["read"]
        assert counted["path_calls"] == paths >= counted["opens"] > 0
    assert is_drawn(chart)


def test_modules_and_a_script_of_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, report = tmp_path / "mine.py", tmp_path / "s.json"
    script.write_text("import sys, tqdm\nassert sys.argv[1:] == ['-1', '--', 'x']\n")
    options = ["--import", "h5py,json.tool", "--impl", "importtime,strace", "--json", str(report)]
    assert main(["startup", *options, "--", str(script), "-1", "--", "x"]) == 0
    shown = capsys.readouterr().out
    assert "import h5py,json.tool" in shown
    assert "mine.py" in shown
    results = json.loads(report.read_text())["results"]
    assert {"h5py", "json.tool"} <= {*results[0]["details"][0]["whole"]}
    assert "tqdm" in results[2]["details"][0]["whole"]


@pytest.mark.parametrize("size", [2])
def test_of_several_ranks_the_first_looks(size: int) -> None:
    words = ["startup", "--case", "pass", "--impl", "spawn,strace"]
    done = on_ranks(size, "-m", "workloads", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("system calls by kind") == 1
