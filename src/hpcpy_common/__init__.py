"""What the workloads, a job's commands and the host's tool share; it imports none of them."""

import sys

# A login node's own may be older, and would end with a traceback at the first import.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write("hpcpy: no Python 3.11 or newer; take the image's python, or a module's\n")
    sys.exit(69)
