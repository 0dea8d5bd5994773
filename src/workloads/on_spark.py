"""``python -m workloads.on_spark (-m MODULE | SCRIPT) [ARGUMENT …]``: see `workloads_spark`."""

from __future__ import annotations

import importlib.util
import sys

from workloads.bench.workload import IN_SPARK
from workloads.errors import UnavailableError
from workloads.preflight import program


def main(words: list[str]) -> int:
    """Make a Spark cluster of this job's ranks; 69 in an image without Spark."""
    if importlib.util.find_spec("pyspark") is None:
        return program.command("on_spark", IN_SPARK, [], _refuse)
    from workloads_spark import job  # noqa: PLC0415

    return job.main(words)


def _refuse(_: list[str]) -> int:
    raise UnavailableError(IN_SPARK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
