"""A program's calls on all ranks, in one file: ``python -m workloads.traced FILE PROGRAM``."""
