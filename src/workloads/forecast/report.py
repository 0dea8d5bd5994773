"""A forecast or a validation: made, printed, written and read again."""

from __future__ import annotations

import argparse
import datetime
import json
import math
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workloads.bench import files as outputs
from workloads.bench import machine
from workloads.doctor import mounts
from workloads.errors import UsageError
from workloads.forecast import charts, others, ours, tables, ways
from workloads.forecast.count import count, is_shared, mounted
from workloads.forecast.known import ERRORS
from workloads.forecast.model import FileSystem
from workloads.forecast.probe import Limits, Probed, probe
from workloads.forecast.published import POINTS
from workloads.forecast.ways import RANKS, Program, Setting
from workloads.startup.cases import Invocation

_MILLION = 1_000_000
# The most interpreters on a node in the NIH's data.
_NIH_PER_NODE = 16


def forecast(
    case: Invocation, args: argparse.Namespace, arguments: Sequence[str]
) -> dict[str, Any]:
    """Count a program, probe a file system, and ask the model.

    Parameters
    ----------
    case
        The program.
    args
        The command line's options.
    arguments
        The command line's words.

    Raises
    ------
    WorkloadError
        When the program fails or cannot be traced, or the probe cannot write.
    """
    where = args.probe or (Path(args.script[0]).resolve().parent if args.script else Path.cwd())
    program, opened = count(case, where)
    kind = mounts.of(mounted(), str(where))
    limits = Limits(args.operations, args.size * _MILLION, args.seconds)
    found = probe(where, limits)
    return {
        **_circumstances(arguments),
        "kind": "forecast",
        "start": case.name,
        "command_started": case.command,
        "counted": {**asdict(program), "opened": opened},
        "probed": {
            "folder": str(where),
            "file_system": kind,
            "shared": is_shared(kind),
            "limits": asdict(limits),
            **found.as_dict(),
        },
        "model": _modelled(program, opened, found, args),
    }


def _modelled(
    program: Program, opened: int, found: Probed, args: argparse.Namespace
) -> dict[str, Any]:
    # An opening asks twice, for the name and to open; its time has both.
    latency = found.look_up
    if program.calls:
        latency += (found.opening - found.look_up) * min(1, opened / program.calls)
    storage = args.storage_rate * _MILLION if args.storage_rate else None
    files = FileSystem(
        rate=args.server_rate or found.rate,
        latency=max(0.0, latency),
        node_rate=found.rate,
        link=found.read,
        storage=storage or math.inf,
    )
    setting = Setting(program, files, args.ranks_per_node, args.image * _MILLION)
    times = ways.forecast(setting)
    return {
        # JSON has no infinite number.
        "file_system": {**asdict(files), "storage": storage},
        "per_node": setting.per_node,
        "image_bytes": setting.image_bytes,
        "server_rate_given": args.server_rate is not None,
        "ranks": RANKS,
        "seconds": times,
        "pays_from": ways.pays_from(times),
        "errors": ERRORS,
    }


def validated(paths: Sequence[Path], arguments: Sequence[str]) -> dict[str, Any]:
    """Compare the model with measurements.

    Parameters
    ----------
    paths
        The NIH's data (csv), and reports of `make storm`.
    arguments
        The command line's words.

    Raises
    ------
    UsageError
        When a file is neither.
    """
    curves, runs, storms = [], [], []
    for path in paths:
        if path.suffix == ".csv":
            runs = others.read(path)
            curves = others.curves(runs)
        else:
            storms.append(ours.compare(path))
    ranks = [number for number in RANKS if number >= 64]
    return {
        **_circumstances(arguments),
        "kind": "validation",
        "measured": [asdict(run) for run in runs],
        "curves": [curve.as_dict() for curve in curves],
        "storms": [storm.as_dict() for storm in storms],
        "published": [asdict(point) for point in POINTS],
        "model": {
            "ranks": ranks,
            "per_node": _NIH_PER_NODE,
            "seconds": {
                curve.environment: [curve.at(number, _NIH_PER_NODE) for number in ranks]
                for curve in curves
            },
        },
    }


def _circumstances(arguments: Sequence[str]) -> dict[str, Any]:
    return {
        "workload": "forecast",
        "command": shlex.join(["python", "-m", "workloads", "forecast", *arguments]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
    }


def text(made: dict[str, Any]) -> str:
    """Return a forecast or a validation as text."""
    return tables.forecast(made) if made["kind"] == "forecast" else tables.validation(made)


def write(made: dict[str, Any], json_file: Path | None, picture: Path | None) -> None:
    """Write a forecast or a validation as JSON and as a picture, if asked for.

    Raises
    ------
    OutputError
        When a file cannot be written.
    UnavailableError
        For a picture without matplotlib.
    """
    if json_file is not None:
        with outputs.whole_file(json_file) as temporary:
            temporary.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if picture is not None:
        charts.draw(picture, made)


def read(path: Path) -> dict[str, Any]:
    """Return what `write` has written.

    Raises
    ------
    UsageError
        When the file cannot be read, or `write` has not written it.
    """
    try:
        made = json.loads(path.read_text("utf-8"))
        if made["workload"] != "forecast":
            raise UsageError(f"--from {path}: is of {made['workload']}, not of forecast")
        text(made)
    except OSError as error:
        raise UsageError(f"--from {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"--from {path}: is no report that --json has written") from error
    return dict(made)
