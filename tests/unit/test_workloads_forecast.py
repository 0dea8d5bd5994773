"""The command `forecast`: what it counts and tells, bad input, its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from processes import python

from workloads.__main__ import main
from workloads.forecast.model import RANKS, WAYS

LITTLE = ["--operations", "200", "--size", "1", "--ranks-per-node", "64"]


def test_a_module_that_is_not_there_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--import", "no_such_module"]) == 69
    assert "Python has no module 'no_such_module'" in capsys.readouterr().err


def test_a_failing_program_exits_1_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("raise SystemExit('last words')\n")
    assert main(["forecast", "--", str(script)]) == 1
    said = capsys.readouterr().err
    assert said.endswith("bad.py: ended with exit code 1: last words\n")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == [script], "nothing was probed"


def forecast(*words: object) -> dict[str, Any]:
    done = python("-m", "workloads", "forecast", *LITTLE, "--json", "-", *map(str, words))
    if "strace" in done.stderr and done.returncode == 69:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "seconds to the last rank" in done.stderr
    return dict(json.loads(done.stdout))


def test_a_script_is_counted_its_folder_probed_and_all_ways_told(tmp_path: Path) -> None:
    script, data = tmp_path / "mine.py", tmp_path / "data"
    script.write_text("import sys\nfor word in sys.argv[1:]: open(word)\n")
    data.write_bytes(b"x" * 2_000_000)
    told, more = forecast("--", script), forecast("--", script, data)
    assert told["start"] == "mine.py"
    assert told["probed"]["folder"] == str(tmp_path)
    assert 0 < told["probed"]["operations"] <= 200
    for key in ("calls", "own", "opened"):
        assert more["counted"][key] == told["counted"][key] + 1
    assert more["counted"]["file_bytes"] == told["counted"]["file_bytes"] + 2_000_000
    model = told["model"]
    assert model["ranks"] == list(RANKS)
    assert list(model["seconds"]) == list(WAYS)
    assert all(len(times) == len(RANKS) for times in model["seconds"].values())
    assert list(model["pays_from"]) == list(WAYS)[1:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "mine.py"]
