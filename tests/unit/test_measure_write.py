"""Writing on several places: what is asked of the image, and what is made of its times."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

import write
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.stages import StageError
from sharedfs import machines
from workloads.read.registry import TECHNIQUES as READ
from workloads.write.registry import TECHNIQUES as WRITE
from write import TASKS, Row, Task


def told(seconds: float, note: str = "", *, ok: bool = True) -> dict[str, Any]:
    common = {"workers": 1, "details": [{"files": 15}], "verdict": "WRONG: array 3"}
    return {**common, "samples": [seconds], "note": note, "ok": ok}


def test_every_technique_of_the_workloads_is_measured() -> None:
    first = {task.workload: {*task.techniques} for task in reversed(TASKS)}
    assert first == {"write": {*WRITE}, "read": {*READ}}


def test_the_command_writes_where_the_image_sees_the_place() -> None:
    words = Task("write", 15, 100, ("npy", "hdf5")).words
    assert words[:4] == ["TMPDIR=/mnt", "mpiexec", "-n", "2"]
    assert "--no-verify" not in words
    assert "--no-verify" in Task("write", 10_000, 500, ("npy",)).words
    read = Task("read", 10_000, 500, ("npy",)).words
    assert "--cold" in read
    assert not {"mpiexec", "--no-verify"} & {*read}


def test_a_row_has_times_and_the_share_of_open() -> None:
    row = Row("disk", "write", 15, 100, "npy")
    row.add(told(0.5, "27% of it opens files"))
    row.add(told(0.25))
    assert (row.seconds, row.opening, row.files) == ([0.5, 0.25], [27], 15)
    with pytest.raises(StageError, match="npy at disk: WRONG"):
        row.add(told(0.1, ok=False))


def test_a_ratio_is_of_samples_of_one_round() -> None:
    # A machine that is ten times slower in some rounds slows both.
    slow = [1.0, 10.0, 1.0, 10.0, 1.0]
    times = {"npy": [2 * one for one in slow], "hdf5": slow}
    rows = [Row("disk", "write", 15, 100, name, 1, 1, each) for name, each in times.items()]
    (found,) = write.ratios(rows)
    assert (found["slower"], found["faster"]) == ("npy", "hdf5")
    assert [*found["interval"].values()] == pytest.approx([2, 2, 2])


def test_a_moosefs_that_cannot_be_had_is_left_out_unless_it_was_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def require() -> None:
        raise UnavailableError("only root may")

    monkeypatch.setattr(machines, "require", require)
    assert write.choose([]) == ["disk", "memory"]
    assert capsys.readouterr().err == "moosefs IS LEFT OUT: only root may\n"
    assert write.choose([str(tmp_path)]) == [str(tmp_path)]
    with pytest.raises(UnavailableError, match="only root may"):
        write.choose(["moosefs"])


def test_the_pages_result_is_that_of_the_stored_samples_on_a_disk() -> None:
    stored = json.loads((paths.ROOT / "docs/results/write-places.json").read_text())
    times = {
        one["technique"]: statistics.median(one["seconds"])
        for one in stored["results"]
        if (one["place"], one["workload"], one["arrays"]) == ("disk", "write", 100)
    }
    text, npy, hdf5 = (float(f"{1e3 * times[name]:.3g}") for name in ("text", "npy", "hdf5"))
    page = (paths.ROOT / "docs/write.md").read_text()
    assert (
        f"100 arrays of 100 × 100 take {text:,.0f} ms as text files, {npy:.3g} ms as `.npy` files, "
        f"and {hdf5:.3g} ms in one HDF5 file"
    ) in page
