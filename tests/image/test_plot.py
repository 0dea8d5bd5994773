"""Charts of numbers: bars begin at zero, and a logarithmic axis has points."""

from __future__ import annotations

from pathlib import Path

import pytest
from needed import needs

from workloads.bench import plot

pytestmark = needs("matplotlib")


@pytest.mark.parametrize(("slow", "begins_at_zero"), [(2.0, True), (0.1, False)])
def test_only_numbers_of_one_decade_have_bars(
    slow: float, begins_at_zero: bool, tmp_path: Path
) -> None:
    chart = tmp_path / "c.svg"
    series = {"area1": {"fast": 9.0, "slow": slow}, "area2": {"fast": 5.0}}
    plot.number_chart(chart, "rates", "M tests/s", series)
    # An SVG has each text as a comment beside its shapes.
    drawn = chart.read_text("utf-8")
    assert ("<!-- 0 -->" in drawn) == begins_at_zero
    # A name has one row, however many series have it; the legend names these.
    for text in ("fast", "slow", "area1", "area2"):
        assert drawn.count(f"<!-- {text} -->") == 1, text


def test_one_series_stands_in_the_title(tmp_path: Path) -> None:
    chart = tmp_path / "c.svg"
    plot.number_chart(chart, "rates", "M tests/s", {"area1": {"fast": 9.0}})
    assert chart.read_text("utf-8").count("<!-- area1 -->") == 1
