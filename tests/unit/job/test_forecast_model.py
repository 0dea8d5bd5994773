"""The forecast: the queueing model's limits, the ways to start, and how a file system is probed."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from processes import python, start

from hpcpy_common.errors import DiskError
from hpcpy_job.forecast.model import (
    FileSystem,
    Program,
    Setting,
    Start,
    forecast,
    pays_from,
    response,
    seconds,
)
from hpcpy_job.forecast.probe import LEAST_OPERATIONS, Limits, probe
from running import wait_until

FILES = FileSystem(rate=1000, latency=0.002, node_rate=500, link=1e9)


def test_two_ranks_are_as_computed_by_hand() -> None:
    # A rank alone is at the station for a fifth of its time: 0.5 of 2.5.
    assert response(0.5, 2, 2)[1] == pytest.approx(2 + 0.5 * 1.2)


@pytest.mark.parametrize(("demand", "think"), [(0.01, 4), (0.02, 0), (0, 2)])
def test_times_rise_within_the_bounds_and_end_at_saturation(demand: float, think: float) -> None:
    found = response(demand, think, 5000)
    assert list(found) == sorted(found)
    for ranks in (1, 2, 10, 100, 5000):
        # The asymptotic bounds: no rank waits longer than it must; all ranks come at once.
        least = max(think + demand, ranks * demand)
        most = think + ranks * demand
        assert least * (1 - 1e-9) <= found[ranks - 1] <= most * (1 + 1e-9)
    if 5000 * demand > 10 * think:
        assert found[-1] == pytest.approx(5000 * demand)


def test_a_node_asks_no_faster_than_its_client_can() -> None:
    slow = FileSystem(rate=1e9, latency=1e-6, node_rate=100, link=1e9)
    start = Start(think=0, by_rank=100)
    assert seconds(start, slow, 64, 64) == pytest.approx(64)
    # Further nodes take no longer.
    assert seconds(start, slow, 6400, 64) == pytest.approx(64)


SHARED = FileSystem(rate=5000, latency=0.0005, node_rate=5000, link=1e9)
PROGRAM = Program(cpu=0.5, calls=2500, own=0, looked=0, file_bytes=80_000_000)


def setting(**other: Any) -> Setting:
    return Setting(**{"program": PROGRAM, "files": SHARED, "per_node": 64, "image_bytes": 5e8,
                      **other})  # fmt: skip


def test_as_it_is_the_last_of_many_waits_for_all_calls() -> None:
    last = forecast(setting())["as is"][-1]
    assert last == pytest.approx(131_072 * 2500 / 5000, rel=0.01)


def test_an_image_leaves_what_the_program_asks_for_outside_of_it() -> None:
    own = replace(PROGRAM, own=2500)
    without, with_own = (forecast(setting(program=one))["in a SIF"][-1] for one in (PROGRAM, own))
    assert with_own > 50 * without
    assert with_own >= forecast(setting(program=own))["as is"][-1]


def test_a_way_pays_from_where_it_stays_faster() -> None:
    times = {"as is": [1.0] * 3 + [9.0] * 15, "once": [0.5] + [2.0] * 17, "never": [9.0] * 18,
             "ever": [0.1] * 18}  # fmt: skip
    assert pays_from(times) == {"once": 8, "never": None, "ever": 1}


LITTLE = Limits(operations=LEAST_OPERATIONS, size=1000, seconds=60)


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_its_folder_is_gone_when_it_is_stopped(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    words = ["forecast", "--import", "json", "--probe", str(tmp_path), "--seconds", "600"]
    words += ["--operations", "100000", "--size", "16384"]
    running = "import sys; from hpcpy_job.__main__ import entry; sys.exit(entry())"
    with start(running, *words) as job:
        try:
            wait_until(lambda: any(tmp_path.glob(".hpcpy-forecast-*/*")))
        finally:
            # Otherwise a failure would wait for the job's ten minutes.
            job.send_signal(number)
        out, said = job.communicate()
    assert (job.returncode, out) == (code, "")
    assert len(said.splitlines()) <= 1
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_is_one_line_and_73() -> None:
    with pytest.raises(DiskError, match=r"^/proc cannot be probed: .*; --probe FOLDER") as caught:
        probe(Path("/proc"), LITTLE)
    assert caught.value.exit_code == 73


def test_a_file_that_may_not_grow_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    # As a full disk does in the middle of the large file; Python ignores the signal.
    code = (
        "import resource, sys; from hpcpy_job.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = python("-c", code, "forecast", "--import", "json", "--probe", tmp_path)
    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr == (
        f"hpcpy_job: forecast: {tmp_path} cannot be probed: File too large; --probe FOLDER names "
        "another folder of the same file system\n"
    )
    assert list(tmp_path.iterdir()) == []
