"""A Dask cluster of a job's ranks: ``python -m workloads.on_dask PROGRAM``.

Every rank becomes a worker; the first one also starts the scheduler, and runs the
program when all workers are there.  docs/sites.md has more.
"""

# How long a cluster may take to start: a cold file system may need half a minute for its files.
START_SECONDS = 120
