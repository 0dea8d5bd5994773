"""Workloads: one problem, every technique, one right answer, timed side by side."""

import hpcpy_common  # noqa: F401 - which refuses an old Python
