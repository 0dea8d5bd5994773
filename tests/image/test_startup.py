"""What a start costs, and the forecast of many: every case and technique, the counts right."""

import json
from pathlib import Path
from typing import Any

import pytest
from needed import is_drawn, plotted

from hpcpy_job.__main__ import main as job
from hpcpy_job.forecast.model import RANKS, WAYS
from running import on_ranks, printed
from workloads.__main__ import main
from workloads.startup.registry import TECHNIQUES

# The fewest and the most; `tests/launch/test_start_counts.py` takes all.
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


LITTLE = ["--operations", "200", "--size", "1"]


def forecast(report: Path, *words: str) -> dict[str, Any]:
    assert job(["forecast", *LITTLE, "--json", str(report), *words]) == 0
    return dict(json.loads(report.read_text()))


def test_the_images_own_modules_ask_nothing_and_are_forecast(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = forecast(tmp_path / "f.json", "--import", "numpy,h5py", "--probe", str(tmp_path))
    assert 0 < told["counted"]["calls"] < 10
    assert told["counted"]["own"] == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "seconds to the last rank by the model" in shown.out
    assert all(name in shown.out for name in WAYS)
    assert told["model"]["ranks"] == list(RANKS)
    assert told["probed"]["operations"] <= 200
    assert [path.name for path in tmp_path.iterdir()] == ["f.json"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("workloads startup --case pass --impl strace", "system calls by kind"),
        (
            "hpcpy_job forecast --operations 200 --size 1 --import json --probe /tmp",
            "seconds to the last rank",
        ),
    ],
    ids=["startup", "forecast"],
)
def test_of_several_ranks_the_first_looks(words: str, says: str) -> None:
    assert printed(on_ranks(2, "-m", *words.split())).count(says) == 1
