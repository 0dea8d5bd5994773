"""A report as JSON, with what it was measured on; its pictures and its tables."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.files import whole_file
from hpcpy.core.stages import StageError
from hpcpy.engine.setup import ensure
from measure import charts, tables
from measure.cases import write_scripts
from measure.roots import Base
from measure.samples import SAMPLER
from measure.targets import WORK, Target, container
from workloads.harness import machine

CHARTS = Path(charts.__file__)
_FACTS = """
import importlib.metadata, json, platform, pathlib
about = json.loads(pathlib.Path("/opt/hpcpy/share/hpcpy/image.json").read_text())
versions = {one.name: one.version for one in importlib.metadata.distributions()}
print(json.dumps({**about, "python": platform.python_version(), "versions": versions}))
"""


def add_options(parser: argparse.ArgumentParser, samples: int, least: int = 1) -> None:
    """Add what all benchmarks have: how many samples, of which files, and where results go."""
    help_ = f"of each (default {samples})"
    number = _at_least(least)
    parser.add_argument("--samples", type=number, default=samples, metavar="N", help=help_)
    parser.add_argument(
        "--sif", action="append", default=[], metavar="NAME=FILE", help="measure this SIF as NAME"
    )
    out = paths.ROOT / "docs"
    help_ = "where results/ is written (default: docs)"
    parser.add_argument("--out", type=paths.folder, default=out, metavar="FOLDER", help=help_)


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: at least {least} are needed")
        return int(text)

    return number


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder for `measure.targets.WORK`, with the sampler and the cases' scripts."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-measure.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        write_scripts(work)
        shutil.copyfile(SAMPLER, work / SAMPLER.name)
        yield work


def circumstances(benchmark: str, images: Sequence[Base], work: Path) -> dict[str, Any]:
    """Return what a report begins with; before the samples, for what else the machine does."""
    tools = ensure("apptainer").found
    return {
        "benchmark": benchmark,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python3", *sys.argv]),
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "images": {one.name: {"digest": one.digest, **_facts(one, work)} for one in images},
    }


def _facts(image: Base, work: Path) -> dict[str, Any]:
    command = container(image.name, image.sif, work).command(["-c", _FACTS])
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def finish(report: Mapping[str, Any], out: Path, image: Base, work: Path) -> int:
    """Write a report, draw its pictures by an image's matplotlib, and print its tables."""
    path = out / "results" / f"{report['benchmark']}.json"
    text = json.dumps(report, indent=1, ensure_ascii=False, default=dataclasses.asdict)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n")
    # As it is read again: numbers that are keys become text.
    written = json.loads(text)
    for picture in charts.of(written):
        draw(path, path.with_name(f"{picture}.png"), container(image.name, image.sif, work), work)
    print(tables.of(written), end="")
    if warning := tables.unsteady(written):
        print(f"{Path(sys.argv[0]).name}: {warning}", file=sys.stderr)
    return 0


def draw(report: Path, picture: Path, target: Target, work: Path, program: Path = CHARTS) -> None:
    """Draw a report by the matplotlib of an image, which sees `work` as `measure.targets.WORK`."""
    made = work / picture.name
    for path in (program, report):
        shutil.copyfile(path, work / path.name)
    names = [str(WORK / path.name) for path in (program, report, made)]
    done = subprocess.run(target.command(names), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise StageError(f"the picture was not drawn: {said[0]}")
    with whole_file(picture) as temporary:
        shutil.copyfile(made, temporary)
