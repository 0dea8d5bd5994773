"""The tables of starts by where their image lies: in memory, on a disk, on a slow storage."""

import itertools

from charts.names import plain
from measure.markdown import milliseconds, table
from measure.records import Report, each, median, row

_STORAGES = {"cached": "in memory", "dropped": "local disk", "slow": "slow storage"}
_IMAGES = ("wheels", "hpcpy")
TRUE = "true"
# MPI adds some 20 ms: not worth its columns on the page.
_IN_JSON = "core + MPI"


def cold(report: Report) -> str:
    """Return the times and bytes, each but those of `true` without them."""
    cases = [case for case in each(report["results"], "case") if case not in (TRUE, _IN_JSON)]
    return "\n".join([_times(report, cases), _processors(report, cases)])


def _times(report: Report, cases: list[str]) -> str:
    """Return medians of wall time and of bytes read."""
    first, *others = map(plain, cases)
    head = ["image's file", "of", f"wall, ms: `{TRUE}`", first, *others]
    rows = []
    for storage, image in itertools.product(each(report["results"], "storage"), _IMAGES):
        true, *times = _medians(report, storage, image, "wall", cases)
        name = _STORAGES[storage] if image == _IMAGES[0] else ""
        read = ["none"] * len(cases)
        # Of a file in memory none is read.
        if row(report, storage=storage, image=image, case=TRUE)["read"]:
            _, *sizes = _medians(report, storage, image, "read", cases)
            read = [f"{size / 1e6:.1f}" for size in sizes]
        rows.append([name, plain(image), *map(milliseconds, [true, *times]), *read])
    return table([*head, f"read, MB: {first}", *others], rows, 2)


def _processors(report: Report, cases: list[str]) -> str:
    """Return medians of processor time by the first storage."""
    storage = report["results"][0]["storage"]
    rows = []
    keys = {"user": "programs", "kernel": "kernel"}
    for key, image in itertools.product(keys, _IMAGES):
        times = _medians(report, storage, image, key, cases)
        name = keys[key] if image == _IMAGES[0] else ""
        rows.append([name, plain(image), *map(milliseconds, times)])
    return table([f"CPU, ms, {_STORAGES[storage]}", "of", TRUE, *map(plain, cases)], rows, 2)


def _medians(report: Report, storage: str, image: str, key: str, cases: list[str]) -> list[float]:
    """Return the median of `true`, and by how much those of the cases are above it."""
    true, *others = (
        median(row(report, storage=storage, image=image, case=case)[key]) for case in (TRUE, *cases)
    )
    return [true, *(other - true for other in others)]


def ahead(report: Report) -> str:
    """Return a row for each start and delay."""
    head = ["a request takes", "start", "seconds", "requests", "MB read"]
    rows = []
    for start in report["results"]:
        storage = ["none", "none"]
        if start["read"]:
            storage = [f"{median(start['requests']):,.0f}", f"{median(start['read']) / 1e6:.1f}"]
        rows.append([_delay(start), start["start"], f"{median(start['wall']):.2f}", *storage])
    return table(head, rows, 2)


def _delay(start: Report) -> str:
    return "all cached" if start["delay"] is None else f"{start['delay'] * 1e3:.0f} ms"


def packed(report: Report) -> str:
    """Return a row for each program, number of ranks and delay: on demand, and read ahead."""
    head = ["program", "ranks", "a request takes", "on demand, s", "read ahead, s"]
    rows = []
    for pair in zip(report["results"][::2], report["results"][1::2], strict=True):
        seconds = [f"{median(start['wall']):.2f}" for start in pair]
        requests = [f"{median(start['requests']):,.0f}" for start in pair]
        read = [f"{median(start['read']) / 1e6:.1f}" for start in pair]
        names = [f"`{pair[0]['program']}`", str(pair[0]["ranks"]), _delay(pair[0])]
        rows.append([*names, *seconds, *requests, *read])
    return table([*head, "requests", "requests ahead", "MB", "MB ahead"], rows)


def environments(report: Report) -> str:
    """Return a row for each environment."""
    columns = ("entries", "files_mb", "image_mb", "calls", "packed_calls", "ahead_mb")
    seconds = ("seconds", "seconds of undo")
    head = ["environment", "import of", "files and folders", "MB", "image, MB", "path calls"]
    rows = [
        [result["name"], f"`{result['imports']}`", *(f"{result[key]:,.0f}" for key in columns)]
        + [f"{result[key]:.1f}" for key in seconds]
        for result in report["results"]
    ]
    head += ["packed", "read ahead, MB", "seconds to pack", "to give back"]
    return table(head, rows, 2)
