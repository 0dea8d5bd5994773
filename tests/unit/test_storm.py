"""What a storm reads and tells: counters, ranks' lines, tables; nothing started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpcpy.cluster import life
from hpcpy.commands import run
from hpcpy.errors import UnavailableError
from hpcpy.storm import machines, moosefs, programs, report
from hpcpy.storm.configurations import CONFIGURATIONS, Images
from hpcpy.storm.launch import Launch
from hpcpy.storm.measure import Plan
from hpcpy.storm.programs import PROGRAMS, Rank, told
from hpcpy.storm.samples import TEMPERATURES, Case, Sample
from hpcpy.storm.stats import Asked, between, keep_alives, parse

# As mfsmount 3.0.117 writes it.
STATS = """\
fuse_ops.lookup.cached: 3
fuse_ops.lookup.master: 17
fuse_ops.open: 6
fuse_ops.read: 40
master.bytes_received: 1200
master.bytes_sent: 700
master.packets_received: 25
master.packets_sent: 24
master.reconnects: 0
"""
LINE = (
    'storm {"rank": 1, "node": "n1", "begin": 5.0, "done": 5.5, "cpu": 0.25, '
    '"resident": 1024, "private": 512}'
)


def counters(packets: int, sent: int, **operations: int) -> dict[str, int]:
    named = {f"fuse_ops.{name}": value for name, value in operations.items()}
    return {
        "master.packets_sent": packets,
        "master.bytes_sent": sent,
        "master.bytes_received": 2 * sent,
        **named,
    }


def test_every_counter_is_read_and_nothing_else() -> None:
    found = parse(STATS)
    assert len(found) == 9
    assert found["fuse_ops.lookup.master"] == 17
    assert found["master.packets_sent"] == 24
    assert parse("") == {}
    assert parse("no colon\nmaster.reconnects: none\n: 5\n") == {}


def test_what_was_asked_is_the_difference_without_our_own_looks() -> None:
    before = counters(10, 300, open=5, read=4, lookup=2)
    after = counters(15, 424, open=9, read=20, lookup=2, getattr=7)
    asked = between(before, after, silent=1, looks=3)
    assert (asked.packets, asked.keep_alives) == (4, 1)
    assert (asked.bytes_sent, asked.bytes_received) == (124, 248)
    # Three looks: an open, a getattr and two reads each.
    assert asked.operations == {"open": 1, "read": 10, "getattr": 4}


@pytest.mark.parametrize(
    ("packets", "sent", "silent"),
    [(0, 0, 0), (1, 12, 1), (2, 24, 2), (1, 20, 0), (3, 60, 0), (2, 36, 0)],
)
def test_keep_alives_are_told_from_requests_by_their_length(
    packets: int, sent: int, silent: int
) -> None:
    assert keep_alives(counters(7, 100), counters(7 + packets, 100 + sent)) == silent


def test_ranks_are_told_in_order_among_other_lines() -> None:
    lines = ["a warning", LINE, LINE.replace('"rank": 1', '"rank": 0'), "storms are no mark"]
    ranks = told(lines)
    assert [rank.rank for rank in ranks] == [0, 1]
    assert ranks[1] == Rank(1, "n1", 5.0, 5.5, 0.25, 1024, 512)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_python_and_import_nothing_from_files_before_they_begin(name: str) -> None:
    text = programs.source(name)
    compile(text, name, "exec")
    assert text.partition("begin =")[0].strip() == "import os, time"


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_configurations_put_their_files_into_the_folder_that_nodes_mount(
    configuration: object, tmp_path: Path
) -> None:
    one = CONFIGURATIONS[configuration.name]  # type: ignore[attr-defined]
    images = Images(
        {name: tmp_path / f"{name}.sif" for name in ("hpcpy", "wheels")},
        {name: tmp_path / name for name in ("hpcpy", "wheels")},
        tmp_path / "apptainer",
    )
    for files in one.files(images):
        assert Path(files.target).is_relative_to(one.folder)
        assert files.source.is_relative_to(tmp_path)
    assert one.command(images, tmp_path, ["-c", "pass"])[-2:] == ["-c", "pass"]


def test_servers_keep_to_their_folder(tmp_path: Path) -> None:
    texts = moosefs.files(tmp_path, "198.18.1.3")
    assert all(path.is_relative_to(tmp_path) for path in texts)
    for text in texts.values():
        # "/" is the root of the file system that they serve.
        paths = [word for word in text.split() if word.startswith("/") and word != "/"]
        assert all(Path(path).is_relative_to(tmp_path) for path in paths)
    assert "MASTER_HOST = 198.18.1.3\n" in texts[tmp_path / "chunkserver.cfg"]


def sample(case: Case, temperature: str, packets: int) -> Sample:
    ranks = [Rank(0, "n1", 1.0, 1.5, 0.25, 10_000_000, 2_000_000)]
    asked = Asked(packets // case.nodes, 1000, 500, 0, {})
    return Sample(case, temperature, Launch(0.5, 2.0, ranks), [asked] * case.nodes)


def test_the_table_tells_what_a_further_rank_and_a_further_node_ask() -> None:
    plan = Plan(["venv"], ["core"], [1, 2], [1, 4], 1)
    cost = {(1, 1): 100, (1, 4): 130, (2, 1): 180, (2, 4): 240}
    samples = [
        sample(case, temperature, cost[case.nodes, case.ranks])
        for case in plan.cases()
        for temperature in TEMPERATURES
    ]
    cold, warm = report.table(samples).split("\n\n")
    assert cold.splitlines()[0].startswith("| **core, cold** |")
    assert warm.splitlines()[0].startswith("| **core, warm** |")
    row = [cell.strip() for cell in cold.splitlines()[2].split("|")[1:-1]]
    assert row == ["venv", "100", "10.0", "80.0", "2", "1.00", "1.00", "0.250", "10", "2"]


def test_ordinary_user_is_told_what_an_administrator_would_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnavailableError, match=r"only root may.*sudo make storm") as caught:
        run(["storm"])
    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)


def test_a_kernel_without_fuse_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(life, "require_root", lambda _: None)
    monkeypatch.setattr(machines, "_FUSE", tmp_path / "fuse")
    with pytest.raises(UnavailableError, match="modprobe fuse") as caught:
        machines.require()
    assert caught.value.exit_code == 69
    assert "\n" not in str(caught.value)
