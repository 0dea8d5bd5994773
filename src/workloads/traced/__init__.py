"""A program's calls on all ranks, on one time line: ``python -m workloads.traced FILE PROGRAM``.

Each rank is traced by viztracer; the first one merges the traces when all have
ended.  docs/mandelbrot.md tells more.
"""
