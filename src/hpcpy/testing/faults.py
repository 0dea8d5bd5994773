"""``hpcpy faults``: break things on purpose, and write down what came of each."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy import paths
from hpcpy.build.stamps import read_stamp
from hpcpy.errors import UsageError
from hpcpy.files import sha256, whole_file
from hpcpy.stages import StageError
from hpcpy.testing.check import host_tests
from hpcpy.testing.command import prepared, pytest_in
from measure import report
from workloads.harness import machine

_HEAD = "| what breaks | what comes of it | tests | longest, s | measured |\n|---|---|--:|--:|---|"
_MINUTES = 60
# Of the job after job that looks for leaks; tests/launch/test_faults_load.py reads it.
_VARIABLE = "HPCPY_FAULTS_MINUTES"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = f"how long MPI jobs run, one after another, to look for leaks (default {_MINUTES})"
    parser.add_argument("--minutes", type=int, default=_MINUTES, help=help_)
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Run the tests of faults, and write ``results/faults.json`` and the table of ``faults.md``.

    Returns
    -------
    int
        0 when each fault ended as it should and all tests could run, 1 otherwise.
    """
    if options.minutes < 1:
        raise UsageError(f"--minutes {options.minutes}: at least one is needed")
    os.environ[_VARIABLE] = str(options.minutes)
    sif = prepared()
    load = os.getloadavg()
    cases, is_good = _run(sif)
    digest = read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}"
    told = {
        "benchmark": "faults",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["./hpcpy", *options.words]),
        "machine": machine.describe(),
        # Before the tests: what else the machine does.
        "load_average": load,
        "images": {"hpcpy": digest},
        "results": cases,
    }
    with whole_file(options.out / "results/faults.json") as temporary:
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    report.write_page(paths.ROOT / "docs/faults.md", options.out / "faults.md", table(cases))
    print(table(cases), end="")
    return 0 if is_good else 1


def _run(sif: Path) -> tuple[list[dict[str, Any]], bool]:
    with tempfile.TemporaryDirectory(prefix="hpcpy-faults.") as folder:
        files = Path(folder, "host.json"), Path(folder, "image.json")
        print("\n== host and launch tests", flush=True)
        code = host_tests("tests/launch", "tests/unit", tier="", faults=files[0])
        print("\n== tests in the image", flush=True)
        with pytest_in(sif, tier="", faults=files[1]) as command:
            code = subprocess.run(command, check=False).returncode or code
        if missing := [file for file in files if not file.exists()]:
            raise StageError(f"pytest has written no {missing[0].name}; see above")
        return [case for file in files for case in json.loads(file.read_bytes())], code == 0


def table(cases: Iterable[Mapping[str, Any]]) -> str:
    """Return a table in Markdown, a row for each fault.

    Parameters
    ----------
    cases
        Those of ``results/faults.json``: of each the fault, what should come of
        it, the test's outcome and seconds, and what was measured, by name.
    """
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for case in cases:
        rows.setdefault((case["fault"], case["then"]), []).append(case)
    lines = [
        f"| {what} | {then} | {_outcomes(of)} | {_longest(of)} | {_measured(of)} |"
        for (what, then), of in sorted(rows.items())
    ]
    return "\n".join([_HEAD, *lines]) + "\n"


def _outcomes(cases: Sequence[Mapping[str, Any]]) -> str:
    passed = sum(case["outcome"] == "passed" for case in cases)
    return str(passed) if passed == len(cases) else f"{passed} of {len(cases)}"


def _longest(cases: Sequence[Mapping[str, Any]]) -> str:
    """Return how many seconds the longest case took: none hangs."""
    seconds = [case["seconds"] for case in cases if case["outcome"] != "skipped"]
    return f"{max(seconds):,.3g}" if seconds else ""


def _measured(cases: Sequence[Mapping[str, Any]]) -> str:
    """Return each figure once; of several the least and the most."""
    found: dict[str, list[float]] = {}
    for case in cases:
        for name, value in case["measured"].items():
            found.setdefault(name, []).append(value)
    return "; ".join(f"{name}: {_range(values)}" for name, values in found.items())


def _range(values: Sequence[float]) -> str:
    least, most = (f"{one:,.4g}" for one in (min(values), max(values)))
    return least if least == most else f"{least} to {most}"
