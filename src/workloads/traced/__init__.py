"""A program's calls on all ranks, on one time line: ``python -m workloads.traced FILE PROGRAM``.

viztracer traces each rank; the first rank merges the traces when all have ended.
See docs/mandelbrot.md.
"""
