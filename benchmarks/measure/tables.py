"""A report's tables in Markdown, as the pages have them: made of its JSON alone."""

import itertools
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from charts.names import plain
from measure import figures, storages
from measure.markdown import Found, Report, each, table


def _starts(report: Report) -> str:
    """Return a row a start: of times the median, the least and the most."""
    found = report["results"]
    # What a user starts; the JSON has the other places.
    shown = [one for one in found if one["place"] in ("container", "one file")] or found
    head = ["start", "of", "path calls", "off-node", "MB read", "wall, ms", "CPU, ms"]
    return table([*head, "private, MB"], _start_rows(shown), 2)


def _start_rows(found: Found) -> Iterator[list[str]]:
    before = ""
    for one in found:
        counts = one["counts"]
        name, before = "" if one["case"] == before else f"**{plain(one['case'])}**", one["case"]
        yield [
            name,
            f"{plain(one['image'])}, {one['place']}",
            *(f"{counts[key]:,}" for key in ("path_calls", "off_node")),
            f"{counts['bytes_read'] / 1e6:.1f}",
            *(_spread(one[key]) for key in ("wall", "cpu")),
            f"{_private(one):.1f}",
        ]


def _spread(seconds: Sequence[float]) -> str:
    middle, least, most = (f(seconds) * 1e3 for f in (statistics.median, min, max))
    return f"{middle:.1f} ({least:.1f}–{most:.1f})"


def _private(one: dict[str, Any]) -> float:
    middle: float = statistics.median(each["private"] for each in one["memory"])
    return middle / 1e6


def _features(report: Report) -> str:
    """Return what each feature saves: medians over the rounds, alone and as the last one."""
    found = {(one["image"], one["case"]): one for one in report["results"]}
    cases = each(report["results"], "case")
    ways = {"alone": ("plain", "plain + {}"), "last in": ("all but {}", "all features")}
    head = [f"{plain(case)}, {way}: CPU, ms; path calls" for case in cases for way in ways]
    rows = []
    for feature in report["features"]:
        row = [f"`{feature}`"]
        for case, pair in itertools.product(cases, ways.values()):
            slower, faster = (found[name.format(feature), case] for name in pair)
            saved = statistics.median(
                1e3 * (a - b) for a, b in zip(slower["cpu"], faster["cpu"], strict=True)
            )
            calls = slower["counts"]["path_calls"] - faster["counts"]["path_calls"]
            row.append(f"{_signed(saved)}; {calls:,}")
        rows.append(row)
    return table(["feature", *head], rows)


def _signed(value: float) -> str:
    # Never "−0.0".
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def _storm(report: Report) -> str:
    """Return a row a configuration; the JSON has warm starts, too."""
    cells = {
        name: _storm_cells(sizes, report["bytes_on_disk"][name])
        for name, sizes in _cold(report).items()
    }
    head = ["way to start", *next(iter(cells.values()))]
    return table(head, ([plain(name), *found.values()] for name, found in cells.items()))


def storm_samples(report: Report) -> str:
    """Return each sample of the largest storms, whose medians the README has."""
    rows = []
    for name, sizes in _cold(report).items():
        found = max(sizes.items())[1]
        asked = [
            [sum(each["packets"] for each in one["asked"]) / one["nodes"] for one in some]
            for some in (min(sizes.items())[1], found)
        ]
        used = [statistics.median(one["ranks_told"]["cpu"]) for one in found]
        cells = [" ".join(f"{one:,.0f}" for one in each) for each in asked]
        cells.append(" ".join(f"{one:.2f}" for one in used))
        cells.append(" ".join(f"{one['last']:.1f}" for one in found))
        rows.append([plain(name), *cells])
    head = ["README's figures, each sample", "requests of one rank", "of a node"]
    return table([*head, "CPU of a rank, s", "all ready, s"], rows)


def _cold(report: Report) -> dict[str, dict[tuple[int, int], list[dict[str, Any]]]]:
    """Return the samples of cold starts by configuration, and nodes and ranks."""
    found: dict[str, dict[tuple[int, int], list[dict[str, Any]]]] = {}
    for one in report["samples"]:
        if one["temperature"] == "cold":
            sizes = found.setdefault(one["configuration"], {})
            sizes.setdefault((one["nodes"], one["ranks"]), []).append(one)
    return found


def _storm_cells(found: Mapping[tuple[int, int], Found], stored: int) -> dict[str, str]:
    """Return a configuration's cells by the heads of their columns."""
    smallest, largest = min(found), max(found)
    (nodes, ranks), (all_nodes, all_ranks) = smallest, largest
    packets = {
        size: statistics.median(sum(each["packets"] for each in one["asked"]) for one in some)
        for size, some in found.items()
    }
    cells = {f"requests of a node, {_ranks(ranks)}": f"{packets[smallest] / nodes:,.0f}"}
    if largest != smallest:
        cells[f"of a node, {all_nodes}×{all_ranks}"] = f"{packets[largest] / all_nodes:,.0f}"
    # Two figures share a column: twelve columns are wider than a page.
    more = {}
    if all_ranks > ranks:
        of_ranks = packets[nodes, all_ranks] - packets[smallest]
        more["rank"] = _few_digits(of_ranks / (all_ranks - ranks) / nodes)
    if all_nodes > nodes:
        of_nodes = packets[all_nodes, ranks] - packets[smallest]
        more["node"] = _few_digits(of_nodes / (all_nodes - nodes))
    if more:
        cells[f"each added {'; '.join(more)}"] = "; ".join(more.values())
    read = statistics.median(one["served"] for one in found[smallest]) / nodes
    private = _told(found[smallest], "private")
    cells |= {
        f"MB read of a node, {_ranks(ranks)}": f"{read / 1e6:,.0f}",
        "MB stored": f"{stored / 1e6:,.0f}",
        f"own MB of a rank, {nodes}×{ranks}": f"{private / 1e6:.0f}",
    }
    sizes = dict.fromkeys([smallest, largest])
    both = "; ".join(f"{size[0]}×{size[1]}" for size in sizes)
    last = [statistics.median(one["last"] for one in found[size]) for size in sizes]
    cells[f"CPU of a rank, s: {both}"] = "; ".join(
        f"{_told(found[size], 'cpu'):.2f}" for size in sizes
    )
    cells[f"all ready, s: {both}"] = "; ".join(f"{seconds:.2f}" for seconds in last)
    return cells


def _few_digits(count: float) -> str:
    return f"{count:,.{0 if count >= 100 else 1}f}"


def _told(found: Found, name: str) -> float:
    """Return the median of what all ranks of all samples have told."""
    values = [value for one in found for value in one["ranks_told"][name]]
    return float(statistics.median(values))


def _ranks(ranks: int) -> str:
    return "1 rank" if ranks == 1 else f"{ranks} ranks"


def workload(report: Report) -> str:
    """Return a row for each technique of a workload's report."""
    rows = []
    for row in report["results"]:
        part = "" if row.get("complete", True) else "≈ "
        values = (figures.of_row(row, column) for column in ("least", "median"))
        times = (part + figures.text(value) for value in values)
        label = _with_size(plain(row["problem"]), report.get("parameters", {}))
        rows.append([label, f"`{row['impl']}`", str(row.get("workers") or "–"), *times])
    return table(["problem", "technique", "workers", "least, ms", "median, ms"], rows, 2)


def _with_size(problem: str, parameters: Mapping[str, Any]) -> str:
    """Return a problem with what its name does not say: how large, or how often."""
    found = parameters.get(problem)
    found = found if isinstance(found, dict) else {}
    size = [f"n {found['n']:,}"] if "n" in found and f"{found['n']:,}" not in problem else []
    often = [f"{found['times']:,} round trips"] if "times" in found else []
    return ", ".join([problem, *size, *often])


def ranks(report: Report) -> str:
    """Return a row for each number of ranks, a column for each number of BLAS's threads."""
    cells: dict[str, list[str]] = {}
    heads = []
    for name, one in report.items():
        start, threads = name.split(", ")
        heads.append(threads.replace("OMP_NUM_THREADS", "`OMP_NUM_THREADS`"))
        median = figures.text(figures.of_row(one["results"][0], "median"))
        cells.setdefault(start.removeprefix("mpiexec -n "), []).append(median)
    return table(["ranks", *dict.fromkeys(heads)], ([name, *row] for name, row in cells.items()))


def _validation(report: Report) -> str:
    rows = []
    for one in report["curves"]:
        free = f"{one['think']:.2f} s alone, {one['demand'] * 1e3:.1f} ms of the server"
        rows.append([f"NIH, {one['title']}", free, *_errors(one["errors"])])
        rows.append(
            ["… more than 80 nodes, fitted to the others", "the same two", *_errors(one["beyond"])]
        )
    rows += [[one["title"], "none", *_errors(one["errors"])] for one in report["storms"]]
    head = ["compared with", "free parameters", "points", "error, median", "largest"]
    return table(head, rows, 2)


def _errors(one: Mapping[str, float]) -> list[str]:
    return [f"{one['points']:,}", f"{one['median']:.0%}", f"{one['largest']:.0%}"]


def _log(report: Report) -> str:
    load = "Load while it ran: {least:.1f} to {most:.1f}, median {median:.1f}.\n"
    head = load.format(**report["load_while_it_ran"])
    return "\n".join([head, "```text", *report["log"], "```\n"])


# What makes all tables of a report, by its benchmark.
TABLES: Mapping[str, Callable[[Report], str]] = {
    "startup": _starts,
    "bake": _starts,
    "features": _features,
    "cold": storages.cold,
    "storm": _storm,
    "import-at-scale": _validation,
    "packed": storages.packed,
    "ahead": storages.ahead,
    "environments": storages.environments,
    "build": _log,
}
