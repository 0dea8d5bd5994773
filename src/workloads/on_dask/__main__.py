"""``python -m workloads.on_dask (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import sys

from workloads.on_dask.service import DaskCluster
from workloads.on_ranks import command

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:], DaskCluster()))
