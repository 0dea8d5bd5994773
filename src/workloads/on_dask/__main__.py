"""``python -m workloads.on_dask (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import sys

from workloads.on_dask import cluster
from workloads.on_dask.service import DaskCluster

if __name__ == "__main__":
    sys.exit(cluster.main(sys.argv[1:], DaskCluster()))
