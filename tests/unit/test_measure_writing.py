"""Writing on several places: what is asked of the image, and what is made of its times."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import DiskError, UnavailableError, UsageError
from hpcpy.core.stages import StageError
from measure import report
from measure.intervals import Interval
from measure.writing import places, ratios, rounds
from measure.writing.places import Place
from measure.writing.ratios import Ratio
from measure.writing.rounds import TASKS, Row, Task
from sharedfs import machines
from workloads.read.registry import TECHNIQUES as READ
from workloads.write.registry import TECHNIQUES as WRITE

RESULTS = paths.ROOT / "docs/results/write-places.json"
SMALL = Task("write", 15, 100, ("npy", "hdf5"))


def told(impl: str, seconds: float, note: str = "", *, ok: bool = True) -> dict[str, Any]:
    return {
        "impl": impl,
        "samples": [seconds],
        "workers": 1,
        "details": [{"files": 15}],
        "note": note,
        "ok": ok,
        "verdict": "WRONG: array 3",
    }


def test_every_technique_of_the_workloads_is_measured() -> None:
    first = {task.workload: {*task.techniques} for task in reversed(TASKS)}
    assert first == {"write": {*WRITE}, "read": {*READ}}
    assert {(task.arrays, task.side) for task in TASKS} == {
        (15, 100),
        (100, 100),
        (1_000, 100),
        (1_000, 500),
    }


def test_the_command_writes_where_the_image_sees_the_place() -> None:
    words = SMALL.words(verify=False)
    assert words[:5] == ["env", "TMPDIR=/mnt", "mpiexec", "-n", "2"]
    assert {"--no-verify", "--json"} <= {*words}
    assert "--no-verify" not in SMALL.words(verify=True)
    read = Task("read", 15, 100, ("npy",)).words(verify=False)
    assert "mpiexec" not in read
    assert "--cold" in read
    assert "--no-verify" not in read


def test_a_row_has_times_and_the_share_of_open() -> None:
    row = Row("disk", "write", 15, 100, "npy")
    row.add(told("npy", 0.5, "27% of it opens files"))
    row.add(told("npy", 0.25))
    assert (row.seconds, row.opening, row.files) == ([0.5, 0.25], [27], 15)
    with pytest.raises(StageError, match="npy at disk: WRONG"):
        row.add(told("npy", 0.1, ok=False))


def test_places_take_turns_and_another_one_is_first_in_each_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, bool]] = []

    @contextlib.contextmanager
    def ready(name: str) -> Iterator[Place]:
        yield Place(name, Path("/nowhere"))

    def ask(_: Path, place: Place, task: Task, *, verify: bool) -> list[dict[str, Any]]:
        asked.append((place.name, verify))
        return [told(name, 1.0) for name in task.techniques]

    monkeypatch.setattr(places, "ready", ready)
    monkeypatch.setattr(rounds, "ask", ask)
    rows = rounds.measure(Path("x.sif"), ["disk", "memory"], 2, [SMALL])
    assert asked == [("disk", True), ("memory", True), ("memory", False), ("disk", False)]
    assert [(row.place, row.technique, row.seconds) for row in rows] == [
        (place, name, [1.0, 1.0]) for place in ("disk", "memory") for name in ("npy", "hdf5")
    ]


@pytest.mark.parametrize(
    ("code", "printed", "why"),
    [(73, "", "ended with 73: the disk is full"), (0, "no JSON", "printed no JSON")],
)
def test_a_failure_is_one_line(
    code: int, printed: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(*_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(returncode=code, stdout=printed, stderr="x\nthe disk is full\n")

    inside = SimpleNamespace(command=lambda words, program: [program, *words])
    monkeypatch.setattr(rounds, "container", lambda *_: inside)
    monkeypatch.setattr(subprocess, "run", done)
    with pytest.raises(StageError, match=f"write at disk {why}"):
        rounds.ask(Path("x.sif"), Place("disk", Path("/nowhere")), SMALL, verify=True)


def rows(place: str, npy: Sequence[float], hdf5: Sequence[float]) -> list[Row]:
    both = {"npy": npy, "hdf5": hdf5}
    return [Row(place, "write", 15, 100, name, 1, 1, [*seconds]) for name, seconds in both.items()]


def test_a_ratio_is_of_samples_of_one_round() -> None:
    # A machine that is ten times slower in some rounds slows both.
    slow = [1.0, 10.0, 1.0, 10.0, 1.0]
    found = ratios.ratios(rows("disk", [2 * one for one in slow], slow))
    assert [(one.slower, one.faster) for one in found] == [("npy", "hdf5")]
    assert found[0].interval.ratio == pytest.approx(2)
    assert (found[0].interval.low, found[0].interval.high) == pytest.approx((2, 2))


def test_the_table_has_a_row_a_size_and_a_column_a_place() -> None:
    both = [*rows("disk", [2.0] * 5, [1.0] * 5), *rows("memory", [1.0] * 5, [2.0] * 5)]
    lines = ratios.table(ratios.ratios(both), ["disk", "memory", "moosefs"]).splitlines()
    assert lines[0] == "|arrays||disk|memory|moosefs|"
    assert lines[2:] == ["|15 × 100²|write|**2.0** (2.0–2.0)|**0.5** (0.5–0.5)|–|"]


def test_a_moosefs_that_cannot_be_had_is_left_out_unless_it_was_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def require() -> None:
        raise UnavailableError("only root may")

    monkeypatch.setattr(machines, "require", require)
    assert places.choose([]) == (["disk", "memory"], {"moosefs": "only root may"})
    assert places.choose([str(tmp_path)]) == ([str(tmp_path)], {})
    with pytest.raises(UnavailableError, match="only root may"):
        places.choose(["moosefs"])


def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    with places.ready(str(tmp_path)) as place:
        assert place.folder.parent == tmp_path
        (place.folder / "x").touch()
    assert list(tmp_path.iterdir()) == []
    assert places.file_system("/proc") == "proc"


def test_a_place_without_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="free at"):
        places.require_room(str(tmp_path), [Task("write", 10**9, 16_000, ("npy",))])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--rounds", "4"], "an interval needs 5"),
        (["--sif", "/nonexistent.sif"], "no such file"),
        (["/nonexistent"], "no folder, and none of disk, memory, moosefs"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    arguments: list[str], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        run(["bench", "write", *arguments])


def test_the_projects_page_has_a_place_for_the_table(tmp_path: Path) -> None:
    page = tmp_path / "write.md"
    report.write_page(paths.ROOT / "docs/write.md", page, "a table\n", "places")
    assert "a table\n<!-- end of the table -->" in page.read_text()


def test_the_pages_result_is_that_of_the_stored_samples_on_a_disk() -> None:
    times = {
        one["technique"]: statistics.median(one["seconds"])
        for one in json.loads(RESULTS.read_text())["results"]
        if (one["place"], one["workload"], one["arrays"]) == ("disk", "write", 100)
    }
    text, npy, hdf5 = (float(f"{1e3 * times[name]:.3g}") for name in ("text", "npy", "hdf5"))
    page = (paths.ROOT / "docs/write.md").read_text()
    assert (
        f"100 arrays of 100 × 100 take {text:,.0f} ms as text files, {npy:.3g} ms as `.npy` files, "
        f"and {hdf5:.3g} ms in one HDF5 file"
    ) in page


def test_the_page_has_the_table_of_the_stored_samples() -> None:
    stored = json.loads(RESULTS.read_text())
    found = ratios.ratios([Row(**one) for one in stored["results"]])
    text = ratios.table(found, list(stored["places"]))
    assert text in (paths.ROOT / "docs/write.md").read_text()
    kept = [Ratio(**{**one, "interval": Interval(**one["interval"])}) for one in stored["ratios"]]
    assert ratios.table(kept, list(stored["places"])) == text
