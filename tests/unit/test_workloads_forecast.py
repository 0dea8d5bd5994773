"""The command `forecast`: what it counts and tells, bad input, its files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import python

from hpcpy import paths
from workloads.__main__ import main
from workloads.forecast.count import count
from workloads.forecast.ways import RANKS, WAYS
from workloads.startup.cases import of_modules

RESULTS = paths.ROOT / "docs/results"
LITTLE = ["--operations", "200", "--size", "1", "--ranks-per-node", "64"]
HEAVY = ("numpy", "mpi4py", "numba", "matplotlib", "multiprocessing")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the tracer: the kernel refuses one within another."""
    seen = {"paths": [["openat", "open", "/shared/mine.py", 3],
                      ["stat", "stat", f"{sys.prefix}/lib/x.py", -2],
                      ["openat", "open", "/etc/passwd", 3]]}  # fmt: skip
    monkeypatch.setattr("workloads.forecast.count.follow", lambda *_, **__: seen)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "try: main(['forecast', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in "
        f"{HEAVY}), sep='\\n', file=sys.stderr)"
    )
    done = python("-c", code)
    assert "Exit code 0: done" in done.stdout
    assert done.stderr.split() == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "what is to be started?; give -- SCRIPT, or --import NAME"),
        ("--import json -- {tmp}/my.py", "one thing at a time"),
        ("--import json --validate x", "one thing at a time"),
        ("nonesuch.py", "nonesuch.py: there is no such script"),
        ("--import 1x", "'1x' is no module's name"),
        ("--import json --operations 199", "199 is not at least 200"),
        ("--import json --operations 100001", "100001 is more than 100000"),
        ("--import json --size 0", "0 is not at least 1"),
        ("--import json --seconds 601", "601 is more than 600"),
        ("--import json --ranks-per-node 0", "0 is not at least 1"),
        ("--import json --server-rate x", "'x' is not a whole number"),
        ("--import json --probe {tmp}/absent", "absent: there is no such folder"),
        ("--import json --json {tmp}/absent/f.json", "absent"),
        ("--import json --plot {tmp}/f.docx", ".docx"),
        ("--from {tmp}/absent.json", "--from is for --plot"),
        ("--validate {tmp}/absent.csv", "absent.csv: No such file"),
        ("--validate {tmp}/absent.json", "absent.json: No such file"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my.py").touch()
    assert main(["forecast", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_a_module_that_is_not_there_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--import", "no_such_module"]) == 69
    assert "Python has no module 'no_such_module'" in capsys.readouterr().err


def test_a_kernel_that_refuses_ptrace_is_69(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    class Ran:
        cpu = 0.1

    class Refused:
        stdout, stderr, returncode = '{"error": "the kernel refuses ptrace (why)"}', "", 0

    monkeypatch.setattr("workloads.forecast.count.program.run", lambda _: Ran)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: Refused)
    assert main(["forecast", "--import", "json", "--probe", str(tmp_path)]) == 69
    assert capsys.readouterr().err == "workloads: forecast: the kernel refuses ptrace (why)\n"


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
    if "ptrace" in done.stderr and done.returncode == 69:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "seconds to the last rank" in done.stderr
    return dict(json.loads(done.stdout))


def test_a_script_is_counted_its_folder_probed_and_all_ways_told(tmp_path: Path) -> None:
    script, data = tmp_path / "mine.py", tmp_path / "data"
    script.write_text("import sys\nfor word in sys.argv[1:]: open(word)\n")
    data.write_bytes(b"x" * 2_000_000)
    told, more = forecast("--", script), forecast("--", script, data)
    assert told["kind"] == "forecast"
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


@pytest.mark.usefixtures("counted")
def test_the_centres_figures_take_the_place_of_what_one_node_got(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "f.json"
    words = ["forecast", "--import", "json", *LITTLE, "--probe", str(tmp_path)]
    assert main([*words, "--json", str(report)]) == 0
    shown = capsys.readouterr().out
    assert "one node cannot find the most that the server does" in shown
    assert "no limit of the storage" in shown
    counted = json.loads(report.read_text())["counted"]
    assert (counted["calls"], counted["own"], counted["opened"]) == (2, 1, 1)
    given = ["--server-rate", "7000", "--storage-rate", "300", "--json", str(report)]
    assert main([*words, *given]) == 0
    shown = capsys.readouterr().out
    assert "one node cannot find" not in shown
    assert "no limit of the storage" not in shown
    files = json.loads(report.read_text())["model"]["file_system"]
    assert (files["rate"], files["storage"]) == (7000, 300e6)


def test_on_a_networks_file_system_calls_for_this_nodes_disks_are_left_out(
    counted: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del counted
    root, shared = "1 0 0:1 / / rw - ext4 /dev/a rw", "2 1 0:2 / /shared rw - lustre x rw"
    monkeypatch.setattr("workloads.forecast.count.mounted", lambda: f"{root}\n{shared}\n")
    case = of_modules(["json"])
    both, _ = count(case, tmp_path)
    one, opened = count(case, Path("/shared"))
    assert (both.calls, one.calls, one.own, opened) == (2, 1, 1, 1)


@pytest.mark.usefixtures("counted")
def test_of_several_ranks_the_first_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workloads.harness.ranks.is_first", lambda: False)
    assert main(["forecast", "--import", "json"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.long
def test_all_committed_measurements_are_held_against_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [RESULTS / name for name in ("nih_import_storm.csv", "storm.json")]
    report = tmp_path / "v.json"
    words = ["forecast", "--json", str(report), "--validate", *map(str, files)]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "every one the model's" in shown
    made = json.loads(report.read_text())
    assert made["kind"] == "validation"
    assert [len(made[key]) for key in ("measured", "curves", "storms")] == [136, 2, 1]
    assert (made["model"]["ranks"][0], made["model"]["ranks"][-1]) == (64, 131_072)


@pytest.mark.parametrize("text", ["", "{}", '{"workload": "pi"}', '{"workload": "forecast"}'])
def test_what_is_no_report_of_it_is_one_line_and_2(
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Whether matplotlib is there is another question.
    monkeypatch.setattr("workloads.harness.plot.importlib.util.find_spec", lambda _: object())
    report = tmp_path / "r.json"
    report.write_text(text)
    words = ["forecast", "--from", str(report), "--plot", str(tmp_path / "r.png")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "r.json: is " in said
    assert os.listdir(tmp_path) == ["r.json"]  # noqa: PTH208
