"""The samples as a table: what one more rank asks, and one more node."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sharedfs.samples import SHARES, TEMPERATURES, Case, Sample

# The static interpreter's.
_OURS = "static-"


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


@dataclass(frozen=True)
class Column:
    """A figure of each configuration.

    Attributes
    ----------
    title
        Its head; ``{small}`` and ``{large}`` are the smallest and the largest case.
    form
        How a number is written.
    value
        The number, of one configuration; None where the cases do not tell it.
    """

    title: str
    form: str
    value: Callable[[Series], float | None]


class Series:
    """One configuration with one program, cold or warm."""

    def __init__(self, medians: Medians, configuration: str, program: str, temperature: str):
        self._medians = medians
        self.configuration = configuration
        self._program = program
        self._temperature = temperature
        self.nodes, self.ranks = medians.sides()

    def of(self, nodes: int, ranks: int, what: Callable[[Sample], float]) -> float:
        """Return a median, by indices of the numbers of nodes and ranks."""
        case = Case(self.configuration, self._program, self.nodes[nodes], self.ranks[ranks])
        return self._medians.of(case, self._temperature, what)

    def first(self, what: Callable[[Sample], float]) -> float:
        """Return it of a node of the smallest case."""
        # Its number of nodes need not be 1.
        return self.of(0, 0, what) / self.nodes[0]

    def further_rank(self, what: Callable[[Sample], float]) -> float | None:
        """Return what each further rank of a node adds."""
        more = (self.ranks[-1] - self.ranks[0]) * self.nodes[0]
        return (self.of(0, -1, what) - self.of(0, 0, what)) / more if more else None

    def further_node(self, what: Callable[[Sample], float]) -> float | None:
        """Return what each further node adds, at the smallest number of ranks."""
        more = self.nodes[-1] - self.nodes[0]
        return (self.of(-1, 0, what) - self.of(0, 0, what)) / more if more else None


def _served(sample: Sample) -> float:
    return sample.served / 1e6


def _of_a_rank(name: str) -> Callable[[Sample], float]:
    return lambda one: float(statistics.median(getattr(rank, name) for rank in one.launch.ranks))


_ASKED = (
    Column("packets, first rank", ",.0f", lambda row: row.first(packets)),
    Column("further rank", ",.1f", lambda row: row.further_rank(packets)),
    Column("further node", ",.1f", lambda row: row.further_node(packets)),
    Column("KB, first rank", ",.0f", lambda row: row.first(lambda one: traffic(one) / 1e3)),
    Column("MB of files, first rank", ",.0f", lambda row: row.first(_served)),
    Column("further rank", ",.1f", lambda row: row.further_rank(_served)),
    Column("further node", ",.0f", lambda row: row.further_node(_served)),
)
_TAKEN = (
    Column("s to the last rank, {small}", ".2f", lambda row: row.of(0, 0, _last)),
    Column("{large}", ".2f", lambda row: row.of(-1, -1, _last)),
    Column("import, s, {large}: median", ".2f", lambda row: row.of(-1, -1, _import("median"))),
    Column("p95", ".2f", lambda row: row.of(-1, -1, _import("p95"))),
    Column("max", ".2f", lambda row: row.of(-1, -1, _import("max"))),
    Column("then, median", ".2f", lambda row: row.of(-1, -1, _then)),
    Column("CPU a rank, s", ".3f", lambda row: row.of(0, 0, _of_a_rank("cpu"))),
    Column("resident, MB", ".0f", lambda row: row.of(0, 0, _of_a_rank("resident")) / 1e6),
    Column("private, MB", ".0f", lambda row: row.of(0, 0, _of_a_rank("private")) / 1e6),
)


def _stored(on_disk: Mapping[str, int]) -> Column:
    return Column("MB on disk", ",.0f", lambda row: on_disk[row.configuration] / 1e6)


def _last(sample: Sample) -> float:
    return sample.launch.last


def _import(share: str) -> Callable[[Sample], float]:
    return lambda one: one.slowest(SHARES[share])


def _then(sample: Sample) -> float:
    return statistics.median(one.done - one.imported for one in sample.launch.ranks)


def table(samples: Sequence[Sample], on_disk: Mapping[str, int] | None = None) -> str:
    """Return tables in Markdown: what is asked and what it takes, by program and temperature.

    Parameters
    ----------
    samples
        All of a run.
    on_disk
        Bytes that each configuration has on the file system, where that is known.

    Notes
    -----
    What is asked is left out where nobody counted it.  The best number of a column is in
    bold where it is not the static interpreter's.
    """
    is_counted = any(sample.asked for sample in samples)
    medians = Medians(samples)
    sizes = [_stored(on_disk)] if on_disk else []
    lines = []
    for program in dict.fromkeys(name for name, _ in medians.rows()):
        for temperature in TEMPERATURES:
            rows = [
                Series(medians, configuration, program, temperature)
                for name, configuration in medians.rows()
                if name == program
            ]
            for columns in ((*_ASKED, *sizes), _TAKEN) if is_counted else (_TAKEN,):
                lines += ["", *_part(f"**{program}, {temperature}**", rows, columns)]
    return "\n".join([*lines[1:], ""])


def _part(title: str, rows: Sequence[Series], columns: Sequence[Column]) -> Iterator[str]:
    one = rows[0]
    small, large = (f"{one.nodes[at]} × {one.ranks[at]}" for at in (0, -1))
    titles = [column.title.format(small=small, large=large) for column in columns]
    yield f"| {' | '.join([title, *titles])} |"
    yield f"|---|{'--:|' * len(columns)}"
    cells = [list(_cells(rows, column)) for column in columns]
    for index, row in enumerate(rows):
        yield f"| {' | '.join([row.configuration, *(column[index] for column in cells)])} |"


def _cells(rows: Sequence[Series], column: Column) -> Iterator[str]:
    values = [column.value(row) for row in rows]
    written = ["–" if value is None else f"{value:{column.form}}" for value in values]
    # What a further one adds may be less than nothing by chance.  Compared as it is written.
    known = [
        float(f"{max(0.0, value):{column.form}}".replace(",", ""))
        for value in values
        if value is not None
    ]
    ours = [
        one for one, row in zip(known, rows, strict=False) if row.configuration.startswith(_OURS)
    ]
    best = min(known, default=0.0)
    is_told = bool(known) and best not in ours
    for index, text in enumerate(written):
        yield f"**{text}**" if is_told and known[index] == best else text
