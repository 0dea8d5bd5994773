"""Which commands of README and docs `tests/launch/test_docs_run.py` runs in the image."""

import re

# The commands of blocks that do not say what they need.
IN_IMAGE = re.compile(r"(\w+=\S+ )?(mpiexec -n \d+ )?python -m (workloads|hpcpy_job|hpcpy_info)\b")
