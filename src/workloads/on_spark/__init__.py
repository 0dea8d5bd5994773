"""A Spark cluster of a job's ranks: ``python -m workloads.on_spark PROGRAM``.

Every rank becomes a worker of one core; the first one also starts the master, and
runs the program when all workers are there.  docs/sites.md has more.
"""
