"""A report's tables in Markdown, as the pages have them: made of its JSON alone."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from charts.names import plain
from measure import figures, storages
from measure.markdown import table
from measure.records import Report, Rows, cold_starts, each, median, of_ranks, requests, row


def _starts(report: Report) -> str:
    """Return a row a start: of times the median, the least and the most."""
    starts = report["results"]
    # What a user starts; the JSON has the other places.
    shown = [start for start in starts if start["place"] in ("container", "one file")] or starts
    head = ["start", "of", "path calls", "off-node", "MB read", "wall, ms", "CPU, ms"]
    return table([*head, "private, MB"], _start_cells(shown), 2)


def _start_cells(starts: Rows) -> Iterator[list[str]]:
    before = ""
    for start in starts:
        counts, case = start["counts"], start["case"]
        yield [
            "" if case == before else f"**{plain(case)}**",
            f"{plain(start['image'])}, {start['place']}",
            *(f"{counts[key]:,}" for key in ("path_calls", "off_node")),
            f"{counts['bytes_read'] / 1e6:.1f}",
            *(_spread(start[key]) for key in ("wall", "cpu")),
            f"{median(sample['private'] for sample in start['memory']) / 1e6:.1f}",
        ]
        before = case


def _spread(seconds: Sequence[float]) -> str:
    middle, least, most = (f(seconds) * 1e3 for f in (median, min, max))
    return f"{middle:.1f} ({least:.1f}–{most:.1f})"


def _features(report: Report) -> str:
    """Return what each feature saves: medians over the rounds, alone and as the last one."""
    cases = each(report["results"], "case")
    ways = {"alone": ("plain", "plain + {}"), "last in": ("all but {}", "all features")}
    head = [f"{plain(case)}, {way}: CPU, ms; path calls" for case in cases for way in ways]
    rows = []
    for feature in report["features"]:
        cells = [f"`{feature}`"]
        for case, pair in itertools.product(cases, ways.values()):
            slower, faster = (row(report, image=name.format(feature), case=case) for name in pair)
            saved = median(1e3 * (a - b) for a, b in zip(slower["cpu"], faster["cpu"], strict=True))
            calls = slower["counts"]["path_calls"] - faster["counts"]["path_calls"]
            cells.append(f"{_signed(saved)}; {calls:,}")
        rows.append(cells)
    return table(["feature", *head], rows)


def _signed(value: float) -> str:
    # Never "−0.0".
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def _storm(report: Report) -> str:
    """Return a row a configuration; the JSON has warm starts, too."""
    cells = {
        name: _storm_cells(sizes, report["bytes_on_disk"][name])
        for name, sizes in cold_starts(report).items()
    }
    head = ["way to start", *next(iter(cells.values()))]
    return table(head, ([plain(name), *values.values()] for name, values in cells.items()))


def storm_samples(report: Report) -> str:
    """Return each sample of the largest storms, whose medians the README has."""
    rows = []
    for name, sizes in cold_starts(report).items():
        smallest, largest = sizes[min(sizes)], sizes[max(sizes)]
        columns = [
            *(
                [f"{requests([sample]) / sample['nodes']:,.0f}" for sample in samples]
                for samples in (smallest, largest)
            ),
            [f"{of_ranks([sample], 'cpu'):.2f}" for sample in largest],
            [f"{sample['last']:.1f}" for sample in largest],
        ]
        rows.append([plain(name), *map(" ".join, columns)])
    head = ["README's figures, each sample", "requests of one rank", "of a node"]
    return table([*head, "CPU of a rank, s", "all ready, s"], rows)


def _storm_cells(samples: Mapping[tuple[int, int], Rows], stored: int) -> dict[str, str]:
    """Return a configuration's cells by the heads of their columns."""
    smallest, largest = min(samples), max(samples)
    (nodes, ranks), (all_nodes, all_ranks) = smallest, largest
    packets = {size: requests(starts) for size, starts in samples.items()}
    cells = {f"requests of a node, {_ranks(ranks)}": f"{packets[smallest] / nodes:,.0f}"}
    if largest != smallest:
        cells[f"of a node, {all_nodes}×{all_ranks}"] = f"{packets[largest] / all_nodes:,.0f}"
    # Two figures share a column: twelve columns are wider than a page.
    more = {}
    if all_ranks > ranks:
        further = packets[nodes, all_ranks] - packets[smallest]
        more["rank"] = _few_digits(further / (all_ranks - ranks) / nodes)
    if all_nodes > nodes:
        further = packets[all_nodes, ranks] - packets[smallest]
        more["node"] = _few_digits(further / (all_nodes - nodes))
    if more:
        cells[f"more for each added {'; '.join(more)}"] = "; ".join(more.values())
    read = median(sample["served"] for sample in samples[smallest]) / nodes
    private = of_ranks(samples[smallest], "private")
    sizes = dict.fromkeys([smallest, largest])
    both = "; ".join(f"{size[0]}×{size[1]}" for size in sizes)
    last = (median(sample["last"] for sample in samples[size]) for size in sizes)
    return cells | {
        f"MB read of a node, {_ranks(ranks)}": f"{read / 1e6:,.0f}",
        "MB stored": f"{stored / 1e6:,.0f}",
        f"own MB of a rank, {nodes}×{ranks}": f"{private / 1e6:.0f}",
        f"CPU of a rank, s: {both}": "; ".join(
            f"{of_ranks(samples[size], 'cpu'):.2f}" for size in sizes
        ),
        f"all ready, s: {both}": "; ".join(f"{seconds:.2f}" for seconds in last),
    }


def _few_digits(count: float) -> str:
    return _signed(count) if count < 100 else f"{count:,.0f}"


def _ranks(ranks: int) -> str:
    return "1 rank" if ranks == 1 else f"{ranks} ranks"


def workload(report: Report) -> str:
    """Return a row for each technique of a workload's report."""
    rows = []
    for result in report["results"]:
        part = "" if result.get("complete", True) else "≈ "
        values = (figures.of_row(result, column) for column in ("least", "median"))
        times = (part + figures.text(value) for value in values)
        label = _with_size(plain(result["problem"]), report.get("parameters", {}))
        rows.append([label, f"`{result['impl']}`", _workers(result), *times])
    return table(["problem", "technique", "workers", "least, ms", "median, ms"], rows, 2)


def _workers(result: Mapping[str, Any]) -> str:
    """Return the number of workers, and of the threads that BLAS has in one."""
    _, is_said, threads = result.get("note", "").partition("threads of BLAS: ")
    own = f" × {threads} threads" if is_said and threads != "1" else ""
    return f"{result.get('workers') or '–'}{own}"


def _with_size(problem: str, parameters: Mapping[str, Any]) -> str:
    """Return a problem with what its name does not say: how large, or how often."""
    own = parameters.get(problem)
    own = own if isinstance(own, dict) else {}
    size = [f"n {own['n']:,}"] if "n" in own and f"{own['n']:,}" not in problem else []
    often = [f"{own['times']:,} round trips"] if "times" in own else []
    return ", ".join([problem, *size, *often])


def ranks(report: Report) -> str:
    """Return a row for each number of ranks, a column for each number of BLAS's threads."""
    cells: dict[str, list[str]] = {}
    heads = []
    for name, own in report.items():
        start, threads = name.split(", ")
        heads.append(threads.replace("OMP_NUM_THREADS", "`OMP_NUM_THREADS`"))
        time = figures.text(figures.of_row(own["results"][0], "median"))
        cells.setdefault(start.removeprefix("mpiexec -n "), []).append(time)
    rows = ([name, *times] for name, times in cells.items())
    return table(["ranks", *dict.fromkeys(heads)], rows)


def _validation(report: Report) -> str:
    rows = []
    for curve in report["curves"]:
        free = f"{curve['think']:.2f} s alone, {curve['demand'] * 1e3:.1f} ms of the server"
        beyond = ["… more than 80 nodes, fitted to the others", "the same two"]
        rows.append([f"NIH, {curve['title']}", free, *_errors(curve["errors"])])
        rows.append([*beyond, *_errors(curve["beyond"])])
    rows += [[storm["title"], "none", *_errors(storm["errors"])] for storm in report["storms"]]
    head = ["compared with", "free parameters", "points", "error, median", "largest"]
    return table(head, rows, 2)


def _errors(errors: Mapping[str, float]) -> list[str]:
    return [f"{errors['points']:,}", f"{errors['median']:.0%}", f"{errors['largest']:.0%}"]


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
