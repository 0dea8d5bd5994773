"""A look at the job before its program runs: ``python -m workloads.preflight``.

One process a node looks, well under a second; every rank learns whether all
ranks see each other.  docs/doctor.md tells more.
"""
