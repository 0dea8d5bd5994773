"""One way to look a file, each with the same function.

``compute(case, trial) -> (details, verdict)`` starts a case's program, below
``trial.clock()``, and returns what it has seen of it: numbers for the tables
and for ``--json``, named as the overview and `hpcpy bench startup` name
them.  A verdict that begins with WRONG is one.  What ends with another exit
code than 0 is a WorkloadError.
"""
