"""A Spark cluster of a job's ranks: ``python -m workloads.on_spark PROGRAM``.

Every rank becomes a worker of one core; the first one starts the master, too, and
runs the program when all workers are there.  docs/sites.md tells more.
"""
