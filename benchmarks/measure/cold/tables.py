"""Tables of starts on a fresh mount."""

from __future__ import annotations

import itertools
import statistics

from measure.cells import Found, Report, each, milliseconds, table

_STORAGES = {"cached": "in memory", "dropped": "local disk", "slow": "slow storage"}
_IMAGES = ("wheels", "hpcpy")
TRUE = "true"
# MPI adds some 20 ms: not worth its columns on the page.
_IN_JSON = "core + MPI"


def cold(report: Report) -> str:
    """Return the times and bytes, and what starts touch."""
    found = [one for one in report["results"] if one["case"] != _IN_JSON]
    touched = [one for one in report["touched"] if one["case"] != _IN_JSON]
    return "\n".join([_times(found), _processors(found), _touched(touched)])


def _times(found: Found) -> str:
    """Return medians of wall time and of bytes read; that of `true` is subtracted."""
    starts = [case for case in each(found, "case") if case != TRUE]
    head = ["image's file", "of", f"wall, ms: {TRUE}", *starts, f"read, MB: {starts[0]}"]
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
        ]
        name = _STORAGES[storage] if image == _IMAGES[0] else ""
        rows.append([name, image, *map(milliseconds, times), *read])
    return table([*head, *starts[1:]], rows, 2)


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
        rows.append([name if image == _IMAGES[0] else "", image, *map(milliseconds, times)])
    return table(["CPU, ms", "of", *cases], rows, 2)


def _touched(found: Found) -> str:
    """Return what each start touches, `true` included."""
    of = {(one["case"], one["image"]): one for one in found}
    rows = []
    for case in each(found, "case"):
        pair = [of[case, image] for image in _IMAGES]
        counts = [f"{one[key]:,}" for key in ("blocks", "files") for one in pair]
        rows.append([case, *counts, *(f"{one['read'] / 1e6:.1f}" for one in pair)])
    head = ["blocks: wheels", "hpcpy", "files: wheels", "hpcpy", "read: wheels, MB", "hpcpy, MB"]
    return table(["start", *head], rows)
