"""The ways to start on many ranks: their order in the limits, and where each pays."""

from __future__ import annotations

from typing import Any

import pytest

from workloads.forecast.model import FileSystem, Program, Setting, forecast, pays_from

FILES = FileSystem(rate=5000, latency=0.0005, node_rate=5000, link=1e9)
PROGRAM = Program(cpu=0.5, calls=2500, own=0, file_bytes=80_000_000)


def setting(**other: Any) -> Setting:
    return Setting(**{"program": PROGRAM, "files": FILES, "per_node": 64, "image_bytes": 5e8,
                      **other})  # fmt: skip


def test_as_it_is_the_last_of_many_waits_for_all_calls() -> None:
    last = forecast(setting())["as is"][-1]
    assert last == pytest.approx(131_072 * 2500 / 5000, rel=0.01)


def test_an_image_leaves_what_the_program_asks_for_outside_of_it() -> None:
    own = Program(cpu=0.5, calls=2500, own=2500, file_bytes=80_000_000)
    without, with_own = (forecast(setting(program=one))["in a SIF"][-1] for one in (PROGRAM, own))
    assert with_own > 50 * without
    assert with_own >= forecast(setting(program=own))["as is"][-1]


def test_a_way_pays_from_where_it_stays_faster() -> None:
    times = {"as is": [1.0] * 3 + [9.0] * 15, "once": [0.5] + [2.0] * 17, "never": [9.0] * 18,
             "ever": [0.1] * 18}  # fmt: skip
    assert pays_from(times) == {"once": 8, "never": None, "ever": 1}
