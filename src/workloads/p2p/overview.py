"""All sizes and techniques side by side, as a table and as a chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workloads.bench.result import Result, render
from workloads.p2p.messages import in_words


class Overview:
    """Time and rate by the size of the message."""

    def table(self, results: Sequence[Result]) -> str:
        """Return two tables for each number of ranks: times, then rates."""
        parts = []
        for ranks in dict.fromkeys(r.workers for r in results):
            own = [r for r in results if r.workers == ranks]
            what = f"p2p: ping-pong of ranks 0 and {ranks - 1}, half a round trip"
            parts.append(f"{what}: µs, median (least)\n{_by_size(own, _times)}\n")
            parts.append(f"{what}: MB/s\n{_by_size(own, lambda r: f'{_rate(r):,.1f}')}\n")
        wrong = [f"{r.impl}, {r.problem}: {r.verdict}" for r in results if not r.ok]
        return "\n".join([*parts, *(wrong or ["every message arrived as sent (SHA-256)"])])

    def chart(self, path: Path, results: Sequence[Result]) -> None:
        """Draw time and rate over the size."""
        from workloads.bench.plot import Panel, line_chart, measured_here  # noqa: PLC0415

        times: dict[str, list[tuple[float, float]]] = {}
        rates: dict[str, list[tuple[float, float]]] = {}
        is_scaled = len({result.workers for result in results}) > 1
        for result in results:
            name = f"{result.impl}, {result.workers} ranks" if is_scaled else result.impl
            size = _least(result, "bytes")
            times.setdefault(name, []).append((size, _least(result, "median") * 1e6))
            rates.setdefault(name, []).append((size, _rate(result)))
        latency = Panel("half a round trip", "bytes", "µs", times)
        bandwidth = Panel("bandwidth", "bytes", "MB/s", rates)
        title = measured_here("Ping-pong of the first rank and the last")
        line_chart(path, title, [latency, bandwidth])


def _least(result: Result, key: str) -> float:
    """Return the least value of all repetitions."""
    return float(min(details[key] for details in result.details))


def _times(result: Result) -> str:
    return f"{_least(result, 'median') * 1e6:,.2f} ({_least(result, 'least') * 1e6:,.2f})"


def _rate(result: Result) -> float:
    return _least(result, "bytes") / max(_least(result, "median"), 1e-9) / 1e6


def _by_size(results: Sequence[Result], cell: Callable[[Result], str]) -> str:
    names = list(dict.fromkeys(result.impl for result in results))
    cells = {(_least(r, "bytes"), r.impl): cell(r) for r in results}
    sizes = sorted({size for size, _ in cells})
    rows = [[in_words(int(size)), *(cells.get((size, n), "–") for n in names)] for size in sizes]
    # The last column is empty: `render` aligns it to the left, for words.
    return render([["bytes", *names, ""], *[[*row, ""] for row in rows]])
