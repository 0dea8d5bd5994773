"""The tables of starts by where their image lies: in memory, on a disk, on a slow storage."""

import itertools
import statistics

from charts.names import plain
from measure.markdown import Found, Report, each, milliseconds, table

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
    return table([f"CPU, ms, {_STORAGES[first]}", "of", *map(plain, cases)], rows, 2)


def ahead(report: Report) -> str:
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


def environments(report: Report) -> str:
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
