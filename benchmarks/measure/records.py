"""What reports hold: rows by their keys, medians, the cold starts of a storm."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
Rows = Sequence[Report]


def median(values: Iterable[float]) -> float:
    """Return the median of some values, at least one."""
    return float(statistics.median(values))


def each(rows: Rows, key: str) -> list[Any]:
    """Return the values of a key, each once."""
    return list(dict.fromkeys(row[key] for row in rows))


def row(report: Report, **keys: object) -> Report:
    """Return the result that has these values; KeyError if none has."""
    results: Rows = report["results"]
    for result in results:
        if all(result[key] == value for key, value in keys.items()):
            return result
    raise KeyError(f"no result with {keys}")


def cold_starts(storm: Report) -> dict[str, dict[tuple[int, int], list[Report]]]:
    """Return a storm's samples of cold starts by configuration, and nodes and ranks."""
    starts: dict[str, dict[tuple[int, int], list[Report]]] = {}
    for sample in storm["samples"]:
        if sample["temperature"] == "cold":
            sizes = starts.setdefault(sample["configuration"], {})
            sizes.setdefault((sample["nodes"], sample["ranks"]), []).append(sample)
    return starts


def requests(samples: Rows) -> float:
    """Return the median of what all nodes of a start asked of the metadata server."""
    return median(sum(mount["packets"] for mount in sample["asked"]) for sample in samples)


def of_ranks(samples: Rows, name: str) -> float:
    """Return the median of what all ranks of all samples have told."""
    return median(value for sample in samples for value in sample["ranks_told"][name])
