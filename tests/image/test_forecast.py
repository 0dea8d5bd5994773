"""The forecast in the image: counts, exit codes, a read-only folder, pictures."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needed import needs

from running import in_own_process, last_words, on_ranks, surroundings, wait_until
from workloads.__main__ import main
from workloads.forecast.model import response
from workloads.forecast.ways import RANKS, WAYS

LITTLE = ["--operations", "200", "--size", "1"]


def forecast(report: Path, *words: str) -> dict[str, Any]:
    assert main(["forecast", *LITTLE, "--json", str(report), *words]) == 0
    return dict(json.loads(report.read_text()))


def test_the_images_own_modules_ask_nothing_and_are_forecast(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = forecast(tmp_path / "f.json", "--import", "numpy,h5py", "--probe", str(tmp_path))
    assert 0 < told["counted"]["calls"] < 10
    assert told["counted"]["own"] == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "every one the model's" in shown.out
    assert all(name in shown.out for name in WAYS)
    assert told["model"]["ranks"] == list(RANKS)
    assert told["probed"]["operations"] <= 200
    assert [path.name for path in tmp_path.iterdir()] == ["f.json"]


def test_what_a_script_opens_of_its_own_stays_in_all_ways(tmp_path: Path) -> None:
    script, data = tmp_path / "mine.py", tmp_path / "data"
    data.mkdir()
    for number in range(50):
        (data / str(number)).write_bytes(b"x" * 1000)
    script.write_text("import sys\nfor n in range(50): open(f'{sys.argv[1]}/{n}').close()\n")
    told = forecast(tmp_path / "f.json", "--", str(script), str(data))
    assert told["counted"]["own"] >= 50
    assert told["counted"]["file_bytes"] >= 50_000
    assert told["probed"]["folder"] == str(tmp_path)
    last = {name: times[-1] for name, times in told["model"]["seconds"].items()}
    ask = 50 * RANKS[-1] / told["model"]["file_system"]["rate"]
    assert min(last.values()) > 0.9 * ask


def test_a_read_only_folder_is_one_line_and_73(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--import", "json", "--probe", sys.prefix]) == 73
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert f"forecast: {sys.prefix} cannot be probed: " in shown.err


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_probe_leaves_nothing(number: signal.Signals, code: int, tmp_path: Path) -> None:
    words = ["--import", "json", "--probe", str(tmp_path), "--operations", "100000"]
    command = [sys.executable, "-m", "workloads", "forecast", *words, "--seconds", "600"]
    with subprocess.Popen(
        [*command, "--size", "16384"], env=surroundings(), stderr=subprocess.PIPE, text=True
    ) as job:
        wait_until(lambda: any(tmp_path.glob(".hpcpy-forecast-*/*")), job)
        job.send_signal(number)
        assert len(last_words(job).splitlines()) <= 1
    assert job.returncode == code
    assert list(tmp_path.iterdir()) == []


def test_of_several_ranks_the_first_looks(tmp_path: Path) -> None:
    words = ["forecast", *LITTLE, "--import", "json", "--probe", tmp_path]
    done = on_ranks(2, "-m", "workloads", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("seconds to the last rank") == 1


@pytest.mark.long
@needs("matplotlib")
def test_both_pictures_say_what_is_the_models_and_are_drawn_again(tmp_path: Path) -> None:
    chart, again, report = (tmp_path / name for name in ("f.svg", "g.svg", "f.json"))
    forecast(report, "--import", "json", "--probe", str(tmp_path), "--plot", str(chart))
    assert main(["forecast", "--from", str(report), "--plot", str(again)]) == 0
    assert chart.read_bytes() == again.read_bytes()
    data, made = tmp_path / "nih.csv", tmp_path / "v.json"
    lines = ["environment,interpreters_per_node,nodes,interpreters,seconds"]
    lines += [
        f"{name},2,{nodes},{2 * nodes},{response(0.02, 4, 640)[2 * nodes - 1]}"
        for name in ("py_conda", "py_container")
        for nodes in (10, 40, 160, 320)
    ]
    data.write_text("\n".join(lines) + "\n")
    words = ["--json", str(made), "--plot", str(chart)]
    assert main(["forecast", *words, "--validate", str(data)]) == 0
    assert json.loads(made.read_text())["curves"][0]["errors"]["largest"] < 0.01
    assert main(["forecast", "--from", str(made), "--plot", str(again)]) == 0
    assert chart.read_bytes() == again.read_bytes()
    assert in_own_process(sys.executable, "-m", "workloads", "forecast", "--help").returncode == 0
