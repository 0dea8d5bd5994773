"""A look at the job before its program runs: ``python -m workloads.preflight``.

One process on each node looks, for well under a second; every rank learns whether
all ranks see each other.  See docs/doctor.md.
"""
