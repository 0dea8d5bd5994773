"""A report's tables in Markdown, as the pages have them: made of its JSON alone."""

import itertools
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from charts.names import plain
from measure import figures

Found = Sequence[dict[str, Any]]
Report = Mapping[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a table; all but the first few columns are numbers."""
    lines = [_line(head), f"|{'---|' * words}{'--:|' * (len(head) - words)}\n", *map(_line, rows)]
    return "".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def each(found: Found, key: str) -> list[Any]:
    """Return the values of a key, each once."""
    return list(dict.fromkeys(one[key] for one in found))


def milliseconds(seconds: float) -> str:
    """Return a time as a cell."""
    return f"{seconds * 1e3:,.{0 if seconds >= 0.1 else 1}f}"


def _starts(report: Report) -> str:
    """Return a row a start: of times the median, the least and the most."""
    found = report["results"]
    # What a user starts; the JSON has the other places.
    shown = [one for one in found if one["place"] in ("container", "one file")] or found
    head = ["start", "of", "path calls", "off-node", "getdents", "opened", "MB read", "wall, ms"]
    head += ["CPU, ms", "resident, MB", "private, MB"]
    return table(head, _start_rows(shown), 2)


def _start_rows(found: Found) -> Iterator[list[str]]:
    before = ""
    for one in found:
        counts = one["counts"]
        name, before = "" if one["case"] == before else f"**{plain(one['case'])}**", one["case"]
        yield [
            name,
            f"{plain(one['image'])}, {one['place']}",
            *(f"{counts[key]:,}" for key in ("path_calls", "off_node", "getdents", "opens")),
            f"{counts['bytes_read'] / 1e6:.1f}",
            *(_spread(one[key]) for key in ("wall", "cpu")),
            *(f"{_memory(one, key):.1f}" for key in ("most", "private")),
        ]


def _spread(seconds: Sequence[float]) -> str:
    middle, least, most = (f(seconds) * 1e3 for f in (statistics.median, min, max))
    return f"{middle:.1f} ({least:.1f}–{most:.1f})"


def _memory(one: dict[str, Any], key: str) -> float:
    middle: float = statistics.median(each[key] for each in one["memory"])
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
    """Return a table for each temperature, a row a configuration."""
    groups: dict[str, dict[str, dict[tuple[int, int], list[dict[str, Any]]]]] = {}
    for one in report["samples"]:
        group = groups.setdefault(one["temperature"], {})
        sizes = group.setdefault(one["configuration"], {})
        sizes.setdefault((one["nodes"], one["ranks"]), []).append(one)
    parts = []
    for title, group in groups.items():
        cells = {
            name: _storm_cells(sizes, report["bytes_on_disk"][name])
            for name, sizes in group.items()
        }
        head = [title, *next(iter(cells.values()))]
        parts.append(table(head, ([plain(name), *found.values()] for name, found in cells.items())))
    return "\n".join(parts)


def _storm_cells(found: Mapping[tuple[int, int], Found], stored: int) -> dict[str, str]:
    """Return a configuration's cells by the heads of their columns."""
    smallest, largest = min(found), max(found)
    (nodes, ranks), (all_nodes, all_ranks) = smallest, largest
    packets = {
        size: statistics.median(sum(each["packets"] for each in one["asked"]) for one in some)
        for size, some in found.items()
    }
    cells = {f"requests of a node, {_ranks(ranks)}": f"{packets[smallest] / nodes:,.0f}"}
    if all_ranks > ranks:
        more = packets[nodes, all_ranks] - packets[smallest]
        cells["each further rank"] = f"{more / (all_ranks - ranks) / nodes:,.1f}"
    if all_nodes > nodes:
        more = packets[all_nodes, ranks] - packets[smallest]
        cells["each further node"] = f"{more / (all_nodes - nodes):,.1f}"
    if largest != smallest:
        cells[f"requests of a node, {all_nodes} × {all_ranks}"] = (
            f"{packets[largest] / all_nodes:,.0f}"
        )
    read = statistics.median(one["served"] for one in found[smallest]) / nodes
    private = _told(found[smallest], "private")
    cells |= {
        "MB read": f"{read / 1e6:,.0f}",
        "MB stored": f"{stored / 1e6:,.0f}",
        "own memory of a rank, MB": f"{private / 1e6:.0f}",
    }
    for size in dict.fromkeys([smallest, largest]):
        cells[f"CPU of a rank, s: {size[0]} × {size[1]}"] = f"{_told(found[size], 'cpu'):.2f}"
    for size in dict.fromkeys([smallest, largest]):
        last = statistics.median(one["last"] for one in found[size])
        cells[f"all ready, s: {size[0]} × {size[1]}"] = f"{last:.2f}"
    return cells


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
        times = (figures.text(figures.of_row(row, column)) for column in ("least", "median"))
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
    for one in report["storms"]:
        free = ", ".join(f"{name} {value:.3g}" for name, value in one["free"].items()) or "none"
        rows.append([one["title"], free, *_errors(one["errors"])])
    head = ["compared with", "free parameters", "points", "error, median", "largest"]
    return table(head, rows, 2)


def _errors(one: Mapping[str, float]) -> list[str]:
    return [f"{one['points']:,}", f"{one['median']:.0%}", f"{one['largest']:.0%}"]


_STORAGES = {"cached": "in memory", "dropped": "local disk", "slow": "slow storage"}
_IMAGES = ("wheels", "hpcpy")
TRUE = "true"
# MPI adds some 20 ms: not worth its columns on the page.
_IN_JSON = "core + MPI"


def cold(report: Report) -> str:
    """Return the times and bytes."""
    found = [one for one in report["results"] if one["case"] != _IN_JSON]
    return "\n".join([_times(found), _processors(found)])


def _times(found: Found) -> str:
    """Return medians of wall time and of bytes read; that of `true` is subtracted."""
    starts = [case for case in each(found, "case") if case != TRUE]
    columns = list(map(plain, starts))
    head = ["image's file", "of", f"wall, ms: `{TRUE}`", *columns, f"read, MB: {columns[0]}"]
    rows = []
    for storage, image in itertools.product(each(found, "storage"), _IMAGES):
        of = {
            one["case"]: one for one in found if (one["storage"], one["image"]) == (storage, image)
        }
        true = statistics.median(of[TRUE]["wall"])
        times = [true, *(statistics.median(of[case]["wall"]) - true for case in starts)]
        # Of a file in memory none is read.
        bytes_read = {
            case: statistics.median(one["read"]) for case, one in of.items() if one["read"]
        }
        read = [
            f"{(bytes_read[case] - bytes_read[TRUE]) / 1e6:.1f}"
            for case in starts
            if case in bytes_read
        ] or ["none"] * len(starts)
        name = _STORAGES[storage] if image == _IMAGES[0] else ""
        rows.append([name, plain(image), *map(milliseconds, times), *read])
    return table([*head, *columns[1:]], rows, 2)


def _processors(found: Found) -> str:
    """Return medians of processor time by the first storage, as `_times`."""
    first = found[0]["storage"]
    of = {(one["case"], one["image"]): one for one in found if one["storage"] == first}
    cases = each(found, "case")
    rows = []
    for (key, name), image in itertools.product(
        (("user", "programs"), ("kernel", "kernel")), _IMAGES
    ):
        true, *others = (statistics.median(of[case, image][key]) for case in cases)
        times = [true, *(one - true for one in others)]
        rows.append([name if image == _IMAGES[0] else "", plain(image), *map(milliseconds, times)])
    return table(["CPU, ms", "of", *map(plain, cases)], rows, 2)


def _ahead(report: Report) -> str:
    """Return a row for each start and delay."""
    head = ["a request takes", "start", "seconds", "requests", "MB read"]
    rows = []
    for one in report["results"]:
        delay = "all cached" if one["delay"] is None else f"{one['delay'] * 1e3:.0f} ms"
        storage = ["none", "none"]
        if one["read"]:
            storage = [f"{statistics.median(one['requests']):,.0f}"]
            storage += [f"{statistics.median(one['read']) / 1e6:.1f}"]
        rows.append([delay, one["start"], f"{statistics.median(one['wall']):.2f}", *storage])
    return table(head, rows, 2)


def _environments(report: Report) -> str:
    """Return a row for each environment."""
    columns = ("entries", "files_mb", "image_mb", "calls", "packed_calls", "ahead_mb")
    seconds = ("seconds", "seconds of undo")
    head = ["environment", "import of", "files and folders", "MB", "image, MB", "path calls"]
    rows = [
        [row["name"], f"`{row['imports']}`", *(f"{row[key]:,.0f}" for key in columns)]
        + [f"{row[key]:.1f}" for key in seconds]
        for row in report["results"]
    ]
    head += ["packed", "read ahead, MB", "seconds to pack", "to give back"]
    return table(head, rows, 2)


def packed(report: Report) -> str:
    """Return a row for each program, number of ranks and delay: on demand, and read ahead."""
    head = ["program", "ranks", "a request takes", "on demand, s", "read ahead, s"]
    rows = []
    for one, ahead in zip(report["results"][::2], report["results"][1::2], strict=True):
        delay = "all cached" if one["delay"] is None else f"{one['delay'] * 1e3:.0f} ms"
        requests = (f"{statistics.median(row['requests']):,.0f}" for row in (one, ahead))
        read = (f"{statistics.median(row['read']) / 1e6:.1f}" for row in (one, ahead))
        seconds = (f"{statistics.median(row['wall']):.2f}" for row in (one, ahead))
        rows.append([f"`{one['program']}`", str(one["ranks"]), delay, *seconds, *requests, *read])
    return table([*head, "requests", "requests ahead", "MB", "MB ahead"], rows)


def _log(report: Report) -> str:
    load = "Load while it ran: {least:.1f} to {most:.1f}, median {median:.1f}.\n"
    head = load.format(**report["load_while_it_ran"])
    return "\n".join([head, "```text", *report["log"], "```\n"])


# What makes all tables of a report, by its benchmark.
TABLES: Mapping[str, Callable[[Report], str]] = {
    "startup": _starts,
    "bake": _starts,
    "features": _features,
    "cold": cold,
    "storm": _storm,
    "import-at-scale": _validation,
    "packed": packed,
    "ahead": _ahead,
    "environments": _environments,
    "build": _log,
}
