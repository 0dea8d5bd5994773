"""``python -m workloads.on_spark (-m MODULE | SCRIPT) [ARGUMENT …]``: see `workloads_spark`."""

from __future__ import annotations

import importlib.util
import sys

from workloads.bench.workload import IN_SPARK


def main(words: list[str]) -> int:
    """Make a Spark cluster of this job's ranks; 69 in an image without Spark."""
    if importlib.util.find_spec("pyspark") is None:
        from workloads.parallel import ranks  # noqa: PLC0415

        ranks.print_once(f"on_spark: {IN_SPARK}")
        return 69
    from workloads_spark import job  # noqa: PLC0415

    return job.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
