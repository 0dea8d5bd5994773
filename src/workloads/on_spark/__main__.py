"""``python -m workloads.on_spark (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import sys

from workloads.on_ranks import command
from workloads.on_spark.service import SparkCluster

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:], SparkCluster()))
