"""The pictures of the benchmarks' reports, drawn by the image from the committed samples."""

from __future__ import annotations

from pathlib import Path

import pytest

import charts
from hpcpy.core import paths
from measure import report
from measure.targets import container
from tiers import sampled


@pytest.mark.parametrize("name", sampled(sorted(charts.PICTURES)))
def test_a_picture_is_drawn_from_its_report(
    name: str, tmp_path: Path, sif: str, program: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    picture = tmp_path / f"{name}.png"
    target = container("hpcpy", Path(sif), work, program)
    report.draw(paths.ROOT / f"docs/results/{name}.json", picture, target, work)
    assert picture.read_bytes().startswith(b"\x89PNG")
