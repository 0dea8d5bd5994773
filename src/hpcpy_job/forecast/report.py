"""A forecast: made, printed, written and drawn."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hpcpy_common import mounts
from hpcpy_job.forecast import model as queueing
from hpcpy_job.forecast.count import count, is_shared
from hpcpy_job.forecast.model import RANKS, WAYS, FileSystem, Program, Setting
from hpcpy_job.forecast.probe import Limits, Probed, probe
from workloads.bench import plot
from workloads.bench.report import circumstances
from workloads.bench.result import duration, render
from workloads.startup.command import Invocation

_MILLION = 1_000_000


def forecast(
    case: Invocation, args: argparse.Namespace, arguments: Sequence[str]
) -> dict[str, Any]:
    """Count a program, probe a file system, and ask the model."""
    where = args.probe or (Path(args.script[0]).resolve().parent if args.script else Path.cwd())
    program = count(case, where)
    kind = mounts.here(str(where))
    limits = Limits(args.operations, args.size * _MILLION, args.seconds)
    probed = probe(where, limits)
    place = {"folder": str(where), "file_system": kind, "shared": is_shared(kind)}
    return {
        "workload": "forecast",
        **circumstances("hpcpy_job forecast", arguments),
        "start": case.name,
        "command_started": case.command,
        "counted": asdict(program),
        "probed": {**place, "limits": asdict(limits), **asdict(probed)},
        "model": _modelled(program, probed, args),
    }


def _modelled(program: Program, probed: Probed, args: argparse.Namespace) -> dict[str, Any]:
    # An opening asks twice, for the name and to open; its time has both.
    latency = probed.look_up
    if program.calls:
        latency += (probed.opening - probed.look_up) * min(1, program.opened / program.calls)
    system = FileSystem(
        rate=args.server_rate or probed.rate,
        latency=max(0.0, latency),
        node_rate=probed.rate,
        link=probed.read,
    )
    setting = Setting(program, system, args.ranks_per_node, args.image * _MILLION)
    times = queueing.forecast(setting)
    return {
        "file_system": asdict(system),
        "per_node": setting.per_node,
        "image_bytes": setting.image_bytes,
        "server_rate_given": args.server_rate is not None,
        "ranks": RANKS,
        "seconds": times,
        "pays_from": queueing.pays_from(times),
    }


def text(data: dict[str, Any]) -> str:
    """Return the counts, what the probe found, and what the model makes of both."""
    counted, probed, model = data["counted"], data["probed"], data["model"]
    kind = probed["file_system"] or "a file system of unknown kind"
    lines = [
        f"forecast: {data['start']}",
        f"  calls with a path that may ask the file system: {counted['calls']:,}, outside of "
        f"Python's folders: {counted['own']:,} ({counted['looked']:,} of them look at a folder "
        f"again), that open a file: {counted['opened']:,}, of "
        f"{counted['file_bytes'] / 1e6:,.1f} MB; processor time: {duration(counted['cpu'])}",
        f"  probed: {probed['folder']}, {kind}: {duration(probed['look_up'])} a look-up, "
        f"{duration(probed['opening'])} an opening, {probed['rate']:,.0f} look-ups a second "
        f"({probed['threads']} at once), {probed['read'] / 1e6:,.0f} MB a second read",
        f"  the probe made {probed['operations']:,} calls, wrote {probed['size'] / 1e6:,.0f} MB "
        f"and took {duration(probed['seconds'])}",
        "",
        f"seconds to the last rank by the model, ranks on a node: {model['per_node']:,}",
        _times(model),
        "",
        *(f"  {way}: {what}" for way, what in WAYS.items()),
        "  pays from: with so many ranks, and with any more, it is faster than as is",
        "",
        *_remarks(data),
    ]
    return "\n".join(lines)


def _times(model: dict[str, Any]) -> str:
    lines = [["ranks", *model["seconds"], ""]]
    last = len(model["ranks"]) - 1
    # Every second number of ranks, and the last: 1, 4, 16, …
    for at in [*range(0, last, 2), last]:
        times = [column[at] for column in model["seconds"].values()]
        cells = [f"{time:,.3g}" if time < 1000 else f"{time:,.0f}" for time in times]
        lines.append([f"{model['ranks'][at]:,}", *cells, ""])
    pays = ["never" if first is None else f"{first:,}" for first in model["pays_from"].values()]
    return render([*lines, ["pays from", "–", *pays, ""]])


def _remarks(data: dict[str, Any]) -> list[str]:
    probed = data["probed"]
    remarks = [
        "times of many ranks are a model's: it knows no launcher, MPI_Init, bandwidth or other jobs"
    ]
    if probed["file_system"] and not probed["shared"]:
        remarks.append(
            f"{probed['file_system']} is not known as a shared file system: the forecast is of a "
            "shared one as fast; --probe FOLDER names another"
        )
    if not data["model"]["server_rate_given"]:
        remarks.append(
            "times of many ranks are too long if the server does more for all nodes than for this "
            "one; --server-rate takes its figure"
        )
    return remarks


def draw(data: dict[str, Any], path: Path) -> None:
    """Draw the model's times by ranks, a line a way, as png, pdf or svg."""
    model = data["model"]
    lines = {
        way: list(zip(model["ranks"], times, strict=True))
        for way, times in model["seconds"].items()
    }
    title = f"{model['per_node']:,} ranks a node"
    panel = plot.Panel(title, "ranks", "seconds to the last rank", lines)
    plot.line_chart(path, f"{data['start']}: forecast", [panel])
