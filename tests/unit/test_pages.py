"""Each figure of the pages, and each page of results, is what the reports say."""

import sys

from hpcpy.core import paths
from running import printed, run


def test_each_figure_of_the_pages_is_that_of_its_report() -> None:
    assert printed(run(sys.executable, paths.ROOT / "benchmarks/pages.py", "--check")) == ""
