"""What a storm counts, prints and would start; nothing is started."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import storm
from hpcpy.cluster.layout import Layout
from hpcpy.core import paths
from measure import tables
from measure.running import CommandError
from sharedfs import programs
from sharedfs.configurations import CONFIGURATIONS, Configuration, Images
from sharedfs.counts import Asked, between, keep_alives, parse
from sharedfs.launch import Job, Launch, launch
from sharedfs.samples import TEMPERATURES, Case, Sample


def counters(packets: int, sent: int, **operations: int) -> dict[str, int]:
    named = {f"fuse_ops.{name}": value for name, value in operations.items()}
    return {"master.packets_sent": packets, "master.bytes_sent": sent, **named}


def test_what_was_asked_is_the_difference_without_our_own_looks() -> None:
    # As mfsmount 3.0.117 writes it.
    text = "fuse_ops.lookup.cached: 3\nmaster.packets_sent: 24\nmaster.reconnects: none\n: 5\n"
    assert parse(text) == {"fuse_ops.lookup.cached": 3, "master.packets_sent": 24}
    before = counters(10, 300, open=5, read=4, lookup=2)
    after = counters(15, 424, open=9, read=20, lookup=2, getattr=7)
    asked = between(before, after, silent=1, looks=3)
    # Three looks: an open, a getattr and two reads each.
    assert asked == Asked(4, {"open": 1, "read": 10, "getattr": 4})


@pytest.mark.parametrize(
    ("packets", "sent", "silent"),
    [(0, 0, 0), (1, 12, 1), (2, 24, 2), (1, 20, 0), (3, 60, 0), (2, 36, 0)],
)
def test_keep_alives_are_told_from_requests_by_their_length(
    packets: int, sent: int, silent: int
) -> None:
    assert keep_alives(counters(7, 100), counters(7 + packets, 100 + sent)) == silent


def test_ranks_are_read_in_order_among_other_lines() -> None:
    found = programs.reported(["a warning", 'storm {"rank": 10}', 'storm {"rank": 2}', "storms"])
    assert [rank["rank"] for rank in found] == [2, 10]


@pytest.mark.parametrize(
    ("script", "patience", "message"),
    [
        ("echo 'storm {\"rank\": 0}'; echo why >&2", 60, "1 of 2 ranks reported.*: why"),
        ("exit 3", 60, "0 of 2 ranks reported.*: srun ended with 3 and no message"),
        ("sleep 60", 1, "not done after 1 s"),
    ],
)
def test_ranks_that_fail_are_told_in_one_line(script: str, patience: int, message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        launch(["sh", "-c", script], 2, patience)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_programs_import_nothing_from_files_before_they_begin(name: str) -> None:
    text = programs.source(name)
    compile(text, name, "exec")
    assert text.partition("begin =")[0].strip() == "import os, time"


@pytest.mark.parametrize("one", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_configurations_keep_to_the_folder_that_nodes_mount(
    one: Configuration, tmp_path: Path
) -> None:
    names = ("hpcpy", "wheels")
    sifs = {name: tmp_path / f"{name}.sif" for name in names}
    images = Images(sifs, {name: tmp_path / name for name in names}, tmp_path / "apptainer")
    for files in one.files(images):
        assert Path(files.target).is_relative_to(one.folder)
        assert files.source.is_relative_to(tmp_path)
    words = one.command(images, tmp_path / "mounted", ["-c", "pass"])
    assert words[-2:] == ["-c", "pass"]
    assert (words[0] == "chroot") == one.is_tree


def test_a_staged_file_is_copied_before_the_ranks_and_removed_after_them(tmp_path: Path) -> None:
    layout = Layout(tmp_path, ("n1", "n2"))
    command = ["python3", "-c", "a 'b'"]
    alone = Job(2, 4, command).words(layout)
    assert (alone[0], alone[-3:]) == (str(layout.bin / "srun"), command)
    first, *rest, script = Job(2, 4, command, Path("/a b.sif"), ["enter"]).words(layout)
    assert (first, rest[-2:]) == ("enter", ["bash", "-c"])
    copy, ranks, code, remove, end = script.splitlines()
    assert shlex.split(copy)[:2] == ["sbcast", "/a b.sif"]
    assert shlex.split(ranks)[-3:] == command
    assert (code, remove.split()[-3:-1], end) == ("code=$?", ["rm", "-f"], "exit $code")


def sample(case: Case, temperature: str, packets: int) -> Sample:
    ranks = [{"rank": number, "cpu": 0.25, "private": 2_000_000} for number in range(case.ranks)]
    asked = [Asked(packets // case.nodes, {})] * case.nodes
    return Sample(case, temperature, Launch(1.3, ranks), asked, packets * 1_000_000)


def test_the_table_has_what_a_further_rank_and_a_further_node_ask() -> None:
    cost = {(1, 1): 100, (1, 4): 130, (2, 1): 180, (2, 4): 240}
    samples = [
        sample(Case(name, "core", *size), temperature, packets).as_dict()
        for size, packets in cost.items()
        for name in ("venv", "static-sif")
        for temperature in TEMPERATURES
    ]
    stored = {"venv": 5_000_000, "static-sif": 0}
    text = tables.TABLES["storm"]({"samples": samples, "bytes_on_disk": stored})
    parts = text.split("\n\n")
    assert [part.split("|")[1].strip() for part in parts] == ["core, cold", "core, warm"]
    cells = [cell.strip() for cell in parts[0].splitlines()[2].split("|")[1:-1]]
    assert cells == ["venv", "100", "10.0", "80.0", "100", "5", "0.25", "2", "1.30", "1.30"]


def test_what_was_measured_before_a_failure_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    cases = [Case(name, "core", 1, 1) for name in ("venv", "static-files")]

    def take(case: Case) -> list[Sample]:
        if case.configuration == "static-files":
            raise CommandError("1 of 2 ranks reported what they took", "why")
        return [sample(case, "cold", 7)]

    unfinished = tmp_path / "storm.unfinished.json"
    with pytest.raises(CommandError, match="1 of 2 ranks"):
        storm.measured(cases, 1, take, {"cores": 2}, unfinished)
    kept = json.loads(unfinished.read_text())
    assert [one["configuration"] for one in kept["samples"]] == ["venv"]
    assert (kept["cores"], kept["samples"][0]["ranks_told"]["cpu"]) == (2, [0.25])
    (log,) = (tmp_path / "logs").iterdir()
    assert log.read_text().endswith("why")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nodes=0"], "--nodes 0: numbers from 1 to 64"),
        (["--configurations=venvv"], "no configuration 'venvv'"),
        (["--programs=pynamic"], "no program 'pynamic'"),
        (["--samples=0"], "--samples: 0 is not a whole number from 1 on"),
    ],
)
def test_what_cannot_be_meant_is_one_line(words: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, paths.ROOT / "benchmarks/storm.py", *words],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
