"""What a storm reads and prints: counters, ranks' lines, tables; nothing is started."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import pytest
from storm_images import images_below

from hpcpy.cluster import life
from hpcpy.cluster.layout import Layout
from hpcpy.commands import run
from hpcpy.errors import UnavailableError
from hpcpy.stages import Stage
from sharedfs import machines, measure, moosefs, network, record, report
from sharedfs.launch import Launch, RanksError
from sharedfs.measure import Plan
from sharedfs.mounts import Mount
from sharedfs.programs import Rank, told
from sharedfs.samples import TEMPERATURES, Case, Sample
from sharedfs.stats import Asked, between, keep_alives, parse

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
    'storm {"rank": 1, "node": "n1", "begin": 5.0, "imported": 5.25, "done": 5.5, '
    '"cpu": 0.25, "resident": 1024, "private": 512}'
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
    assert ranks[1] == Rank(1, "n1", 5.0, 5.25, 5.5, 0.25, 1024, 512)


def test_what_nobody_counted_is_in_no_table() -> None:
    ranks = sample(Case("venv", "core", 1, 2), "cold", 1).launch
    samples = [
        Sample(Case("venv", "core", 1, 2), temperature, ranks, ()) for temperature in TEMPERATURES
    ]
    assert "packets" not in report.table(samples)
    assert report.table(samples).count("s to the last rank") == 2
    assert samples[0].as_dict()["asked"] == []


def test_a_device_is_read_among_others() -> None:
    text = "Inter-| Receive\n    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 700 9 0 0 0 0 0 0 300 4\n"
    found = network.parse(text)
    assert found == network.Carried(700, 300)
    assert found.since(network.Carried(100, 50)) == network.Carried(600, 250)


def test_servers_keep_to_their_folder(tmp_path: Path) -> None:
    texts = moosefs.files(tmp_path, "198.18.1.3")
    assert all(path.is_relative_to(tmp_path) for path in texts)
    for text in texts.values():
        # "/" is the root of the file system that they serve.
        paths = [word for word in text.split() if word.startswith("/") and word != "/"]
        assert all(Path(path).is_relative_to(tmp_path) for path in paths)
    assert "MASTER_HOST = 198.18.1.3\n" in texts[tmp_path / "chunkserver.cfg"]


def sample(case: Case, temperature: str, packets: int) -> Sample:
    ranks = [
        Rank(number, "n1", 1.0, 1.5 + number / 100, 1.8, 0.25, 10_000_000, 2_000_000)
        for number in range(case.nodes * case.ranks)
    ]
    asked = Asked(packets // case.nodes, 1000, 500, 0, {})
    return Sample(
        case, temperature, Launch(0.5, 1.8, ranks), [asked] * case.nodes, packets * 1_000_000
    )


def tables(*names: str) -> list[list[str]]:
    """Return the cells of each row of the first two tables: what was asked, what it took."""
    plan = Plan(names, ["core"], [1, 2], [1, 4], 1)
    cost = {(1, 1): 100, (1, 4): 130, (2, 1): 180, (2, 4): 240}
    samples = [
        # Each configuration asks more than the one before it.
        sample(case, temperature, cost[case.nodes, case.ranks] * (1 + names.index(name)))
        for case in plan.cases()
        for temperature in TEMPERATURES
        for name in [case.configuration]
    ]
    parts = report.table(samples).split("\n\n")
    assert [part.split("|")[1].strip() for part in parts] == [
        title for name in TEMPERATURES for title in [f"**core, {name}**"] * 2
    ]
    rows = [part.splitlines()[2:] for part in parts[:2]]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for part in rows for row in part]


def test_the_table_tells_what_a_further_rank_and_a_further_node_ask() -> None:
    asked, taken = tables("static-sif")
    assert asked == ["static-sif", "100", "10.0", "80.0", "2", "100", "10.0", "80"]
    assert taken[:6] == ["static-sif", "1.30", "1.30", "0.53", "0.57", "0.57"]
    assert taken[6:] == ["0.27", "0.250", "10", "2"]


def test_the_best_of_a_column_is_bold_where_it_is_not_ours() -> None:
    venv, ours, *_ = tables("venv", "static-sif")
    # Both have the same KB.
    assert venv == ["venv", "**100**", "**10.0**", "**80.0**", "2", "**100**", "**10.0**", "**80**"]
    assert not any("**" in cell for cell in ours)
    assert not any("**" in cell for row in tables("static-sif", "venv")[:2] for cell in row)


def test_what_was_measured_before_a_failure_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = Plan(["venv", "conda"], ["core"], [1], [1], 1)
    storm = machines.Storm(Layout(tmp_path), (), Mount(*[None] * 5))  # type: ignore[arg-type]

    def take(_: object, __: object, ___: object, case: Case) -> list[Sample]:
        if case.configuration == "conda":
            raise RanksError("1 of 2 ranks reported what they took", "why")
        return [sample(case, "cold", 7)]

    monkeypatch.setattr(measure, "take", take)
    current = Stage("cases", tmp_path / "log")
    kept = tmp_path / "storm.unfinished.json"
    keep = functools.partial(record.write, kept, {"client": "shipped"})
    with pytest.raises(RanksError, match="1 of 2 ranks"):
        measure.measure(storm, images_below(tmp_path), plan, current, keep)
    told = json.loads(kept.read_text())
    assert [one["configuration"] for one in told["samples"]] == ["venv"]
    assert told["samples"][0]["import"] == {"median": 0.5, "p95": 0.5, "max": 0.5}
    assert told["samples"][0]["served"] == 7_000_000


@pytest.mark.parametrize(("ranks", "p95"), [(1, 0.5), (19, 0.68), (20, 0.68), (40, 0.87)])
def test_the_95th_percentile_is_a_rank_s_own_time(ranks: int, p95: float) -> None:
    one = sample(Case("venv", "core", 1, ranks), "cold", 1)
    assert one.slowest(0.95) == pytest.approx(p95)
    assert one.slowest(1) == max(one.imports)


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
