"""Spark: parts of the work are partitions of an RDD, dealt out as workers become free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workloads.mandel.rows import row_groups
from workloads.pi.definition import count_share, seeded_shares

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.rows import Compute


def mandel(ys: Float64Array, out: Int32Array, compute: Compute, workers: int, sc: Any) -> None:
    """Compute groups of rows in the cluster's workers, a partition each."""
    groups = row_groups(out.shape, workers)
    rows = sc.parallelize([ys[group] for group in groups], len(groups))
    for group, block in zip(groups, rows.map(compute).collect(), strict=True):
        out[group] = block


def pi(pairs: int, seed: int, workers: int, sc: Any) -> int:
    """Count in the cluster's workers, a partition each."""
    shares = sc.parallelize(seeded_shares(seed, pairs, workers), workers)
    hits: int = shares.map(count_share).sum()
    return hits


if __name__ == "__main__":
    from pyspark import SparkContext

    with SparkContext("local[4]") as sc:
        print(pi(20_000_000, 2022, 4, sc))
