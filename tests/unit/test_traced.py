"""Clocks of nodes, and a merged file of parts of a trace."""

from __future__ import annotations

import pytest

from workloads.traced.clocks import Reading, corrected


def test_a_node_whose_clock_drifts_is_set_to_the_firsts() -> None:
    # 100 s behind at first, 101 s after ten seconds.
    right = corrected(Reading(20, 100), Reading(30, 101))
    assert right(20e6) == pytest.approx(120e6)
    assert right(25e6) == pytest.approx(125.5e6)
    assert right(30e6) == pytest.approx(131e6)


def test_the_first_nodes_own_clock_stays() -> None:
    same = corrected(Reading(), Reading())
    assert same(123.456) == 123.456
