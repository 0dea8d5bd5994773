"""The samples as a table: what one more rank asks, and one more node."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from hpcpy.storm.samples import TEMPERATURES, Case, Sample

_HEAD = (
    "| {} | packets, first rank | further rank | further node | KB, first rank | s to the last "
    "rank, {} | {} | CPU a rank, s | resident, MB | private, MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def packets(sample: Sample) -> int:
    """Return what all nodes sent to the metadata server."""
    return sum(one.packets for one in sample.asked)


def traffic(sample: Sample) -> int:
    """Return bytes to and from the metadata server, of all nodes."""
    return sum(one.bytes_sent + one.bytes_received for one in sample.asked)


class Medians:
    """Medians over the repetitions, by case and temperature."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._found: dict[tuple[Case, str], list[Sample]] = {}
        for sample in samples:
            self._found.setdefault((sample.case, sample.temperature), []).append(sample)

    def of(self, case: Case, temperature: str, what: Callable[[Sample], float]) -> float:
        """Return the median of something."""
        return statistics.median(what(sample) for sample in self._found[case, temperature])

    def sides(self) -> tuple[list[int], list[int]]:
        """Return the numbers of nodes and of ranks."""
        cases = [case for case, _ in self._found]
        return sorted({c.nodes for c in cases}), sorted({c.ranks for c in cases})

    def rows(self) -> list[tuple[str, str]]:
        """Return each program with each configuration, in the order of their start."""
        return list(dict.fromkeys((c.program, c.configuration) for c, _ in self._found))


def table(samples: Sequence[Sample]) -> str:
    """Return a table in Markdown, a part for each program and temperature."""
    medians = Medians(samples)
    nodes, ranks = medians.sides()
    small, large = f"{nodes[0]} × {ranks[0]}", f"{nodes[-1]} × {ranks[-1]}"
    lines = []
    for program in dict.fromkeys(name for name, _ in medians.rows()):
        for temperature in TEMPERATURES:
            lines += ["", _HEAD.format(f"**{program}, {temperature}**", small, large)]
            lines += [
                _row(medians, configuration, program, temperature)
                for name, configuration in medians.rows()
                if name == program
            ]
    return "\n".join([*lines[1:], ""])


def _row(medians: Medians, configuration: str, program: str, temperature: str) -> str:
    nodes, ranks = medians.sides()

    def of(n: int, r: int, what: Callable[[Sample], float]) -> float:
        return medians.of(Case(configuration, program, n, r), temperature, what)

    def further(first: float, last: float, more: int) -> str:
        return f"{(last - first) / more:,.1f}" if more else "–"

    first = of(nodes[0], ranks[0], packets)
    on_node = of(nodes[0], ranks[-1], packets)
    off_node = of(nodes[-1], ranks[0], packets)
    # At least one number of each is there, and the smallest need not be 1.
    cells = [
        configuration,
        f"{first / nodes[0]:,.0f}",
        further(first, on_node, (ranks[-1] - ranks[0]) * nodes[0]),
        further(first, off_node, nodes[-1] - nodes[0]),
        f"{of(nodes[0], ranks[0], traffic) / nodes[0] / 1e3:,.0f}",
        f"{of(nodes[0], ranks[0], lambda one: one.launch.last):.2f}",
        f"{of(nodes[-1], ranks[-1], lambda one: one.launch.last):.2f}",
        f"{of(nodes[0], ranks[0], lambda one: _of_a_rank(one, 'cpu')):.3f}",
        f"{of(nodes[0], ranks[0], lambda one: _of_a_rank(one, 'resident')) / 1e6:.0f}",
        f"{of(nodes[0], ranks[0], lambda one: _of_a_rank(one, 'private')) / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _of_a_rank(sample: Sample, name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in sample.launch.ranks))
