"""How far off the model was where it was compared with measurements.

`python -m workloads forecast --validate` prints these figures for docs/results,
and a unit test compares both.
"""

from __future__ import annotations

# By what was compared: the median and the largest relative error.
ERRORS = {
    "NIH, conda as files on NFS, 10 to 5,120 interpreters": (0.09, 0.28),
    "NIH, a container on NFS, 10 to 320 nodes": (0.13, 0.47),
    "make storm, 2 to 64 ranks on one busy machine": (0.25, 1.75),
    "make storm, 1 to 8 ranks and a server of 60 requests a second": (0.02, 0.07),
    "in a SIF, baked and staged, 4 and 8 ranks, 20 requests a second": (0.26, 1.09),
}
