"""Workloads: one problem, every technique, one right answer, timed side by side."""

import sys

# A login node's own may be older, and would end with a traceback at the first import.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write("workloads: no Python 3.11 or newer; take the image's python, or a module's\n")
    sys.exit(69)
