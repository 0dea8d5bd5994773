"""Messages between ranks: every technique, any number of ranks, what arrived checked."""

import json
from pathlib import Path

import pytest
from altered import altered
from needed import plotted

from hpcpy_common.machine import no_cuda_device
from running import printed, workload_on
from tiers import sampled
from workloads.p2p.registry import TECHNIQUES

HERE = [name for name in TECHNIQUES if name != "mpi-cupy" or not no_cuda_device()]
# Odd, and more than 64 KiB.
LENGTH = 70_001


# Where ranks share cores they wait a time slice for each other, every time:
# there one message has to do.
@pytest.mark.parametrize(("size", "times", "repeat"), sampled([(2, 3, 2), (3, 1, 1), (5, 1, 1)]))
def test_every_technique_delivers_on_any_number_of_ranks(
    size: int, times: int, repeat: int, tmp_path: Path
) -> None:
    report, chart = tmp_path / "p2p.json", tmp_path / "p2p.svg"
    options = ["--sizes", LENGTH, "--times", times]
    files = ["--json", report, *(plotted(chart) if size == 2 else [])]
    shown = printed(workload_on(size, "p2p", "--impl", "all", *options, "--repeat", repeat, *files))
    assert shown.count("every message arrived as sent (SHA-256)") == 1, "one rank reports"
    assert f"ping-pong of ranks 0 and {size - 1}, half a round trip: µs" in shown
    results = json.loads(report.read_text())["results"]
    kinds = [(r["details"][0]["bytes"], r["impl"]) for r in results]
    assert kinds == [(LENGTH, name) for name in HERE]
    for result in results:
        assert (result["ok"], result["workers"], len(result["details"])) == (True, size, repeat)
        # To and fro.
        assert result["work"] == LENGTH * times * 2
    # One for all techniques.
    assert len({r["answer"] for r in results}) == 1
    assert chart.exists() == bool(size == 2 and plotted(chart))


def test_a_message_that_arrives_changed_is_an_error() -> None:
    code = """
from workloads.p2p import mpi
class Changed(mpi.Upper):
    def receive(self):
        super().receive()
        self.into[-1] ^= is_second
mpi.Upper = Changed
"""
    done = altered(2, code, "p2p", "--sizes", 9, "--times", 1)
    assert done.returncode == 1
    assert done.stderr.count("WRONG: rank 1 did not receive what rank 0 sent") == 1
