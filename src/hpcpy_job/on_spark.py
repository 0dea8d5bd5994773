"""``hpcpy_job on_spark (-m MODULE | SCRIPT) [ARGUMENT …]``: see `workloads_spark`."""

from __future__ import annotations

import importlib
import importlib.util

from hpcpy_common.errors import UnavailableError
from hpcpy_job import program
from workloads.bench.workload import IN_SPARK


def main(words: list[str]) -> int:
    """Make a Spark cluster of this job's ranks; 69 in an image without Spark."""
    if importlib.util.find_spec("pyspark") is None:
        return program.command("on_spark", IN_SPARK, words, _refuse)
    # Not imported above: the package is in one image alone.
    code: int = importlib.import_module("workloads_spark.job").main(words)
    return code


def _refuse(_: list[str]) -> int:
    raise UnavailableError(IN_SPARK)
