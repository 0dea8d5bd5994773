"""One technique per file, each with the same function.

``compute(case, trial) -> (details, verdict)`` starts a case's program within
``trial.clock()``, and returns what it has measured: numbers for the tables and
for ``--json``, named as the overview and `benchmarks/startup.py` name them.  A
verdict that begins with WRONG makes the result wrong.  A program that ends with
another exit code than 0 raises a WorkloadError.
"""
