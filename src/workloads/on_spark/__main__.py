"""``python -m workloads.on_spark (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import sys

from workloads.on_dask import cluster
from workloads.on_spark.service import SparkCluster

if __name__ == "__main__":
    sys.exit(cluster.main(sys.argv[1:], SparkCluster()))
