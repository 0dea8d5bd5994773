"""Workloads: one problem, every technique, one right answer, timed side by side."""
