"""Each figure of the pages, and each page of results, is what the reports say."""

from __future__ import annotations

import subprocess
import sys

from hpcpy.core import paths

SCALED = paths.ROOT / "docs/results/mandel-scale.md"


def test_each_figure_of_the_pages_is_that_of_its_report() -> None:
    command = [sys.executable, str(paths.ROOT / "benchmarks/pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_number_of_workers_has_times_of_its_own() -> None:
    rows = [line for line in SCALED.read_text().splitlines() if "| `threads` |" in line]
    times = {row.partition("| `threads` |")[2].split(" | ", 1)[1] for row in rows}
    assert len(times) == len(rows) > 1
