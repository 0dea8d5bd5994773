"""Each figure of the pages, and each page of results, is what the reports say."""

from __future__ import annotations

import subprocess
import sys

from hpcpy.core import paths


def test_each_figure_of_the_pages_is_that_of_its_report() -> None:
    command = [sys.executable, str(paths.ROOT / "benchmarks/pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
