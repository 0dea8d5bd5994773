"""A Dask cluster of a job's ranks: ``python -m workloads.on_dask PROGRAM``.

Every rank becomes a worker; the first one also starts the scheduler, and runs the
program when all workers are there.  docs/sites.md has more.
"""
