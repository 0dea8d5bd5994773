"""A report as JSON, with what it was measured on; its pictures and its tables."""

import argparse
import contextlib
import dataclasses
import datetime
import functools
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from charts import pictures
from hpcpy.core import paths
from hpcpy.core.files import whole_file, write_whole
from hpcpy.engine.setup import Engine, ensure
from hpcpy_common import machine
from hpcpy_common.options import whole_number
from measure import tables
from measure.cases import write_scripts
from measure.records import Report
from measure.roots import Base
from measure.running import output
from measure.samples import SAMPLER
from measure.targets import container
from measure.topics import RESULTS

_FACTS = """
import importlib.metadata, json, platform, pathlib
about = json.loads(pathlib.Path("/opt/hpcpy/share/hpcpy/image.json").read_text())
versions = {package.name: package.version for package in importlib.metadata.distributions()}
print(json.dumps({**about, "python": platform.python_version(), "versions": versions}))
"""


def add_options(
    parser: argparse.ArgumentParser,
    samples: int = 0,
    least: int = 1,
    out: Path = RESULTS,
    *,
    has_images: bool = True,
) -> None:
    """Add what measurements have: how many samples, of which images, and where results go."""
    if samples:
        number, help_ = whole_number(least), f"of each (default {samples})"
        parser.add_argument("--samples", type=number, default=samples, metavar="N", help=help_)
    if has_images:
        help_ = "take this SIF as NAME"
        parser.add_argument("--sif", action="append", default=[], metavar="NAME=FILE", help=help_)
    help_ = f"where the JSON and a picture go (default: {out.relative_to(paths.ROOT)})"
    parser.add_argument("--out", type=paths.folder, default=out, metavar="FOLDER", help=help_)


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder for `measure.targets.WORK`, with the sampler and the cases' scripts."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-measure.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        write_scripts(work)
        shutil.copyfile(SAMPLER, work / SAMPLER.name)
        yield work


def circumstances(
    benchmark: str, images: Sequence[Base], work: Path, engine: Engine | None = None
) -> dict[str, Any]:
    """Return what a report begins with; before the samples, for what else the machine does."""
    tools = engine or ensure("apptainer")
    return {
        **begun(benchmark, shlex.join(["python3", *sys.argv])),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "images": {image.name: {"digest": image.digest, **_facts(image, work)} for image in images},
    }


def begun(benchmark: str, command: str) -> dict[str, Any]:
    """Return what any report begins with: when it was made, by what, on what."""
    return {
        "benchmark": benchmark,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
    }


def _facts(image: Base, work: Path) -> dict[str, Any]:
    command = container(image.name, image.sif, work).command(["-c", _FACTS])
    return dict(json.loads(output(command, image.name)))


def write(path: Path, report: Report) -> None:
    """Write a report as JSON; of a list of samples each has a line."""
    encode = functools.partial(json.dumps, ensure_ascii=False, default=dataclasses.asdict)
    entries = []
    for name, value in report.items():
        text = encode(value)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(map(encode, value)) + "\n ]"
        entries.append(f" {encode(name)}: {text}")
    write_whole(path, "{\n" + ",\n".join(entries) + "\n}\n")


def finish(report: Report, out: Path, image: Base | None = None, work: Path | None = None) -> int:
    """Write a report, draw its picture by an image's matplotlib, and print its tables."""
    path = out / f"{report['benchmark']}.json"
    write(path, report)
    # As it is read again: numbers that are keys become text.
    written = json.loads(path.read_text())
    print(tables.TABLES[written["benchmark"]](written), end="", flush=True)
    if image and work:
        _draw(path, image, work)
    return 0


def _draw(report: Path, image: Base, work: Path) -> None:
    """Draw a report by the matplotlib of an image, which runs in `work`."""
    package, picture = Path(pictures.__file__).parent, report.with_suffix(".png")
    shutil.copytree(package, work / package.name, dirs_exist_ok=True)
    shutil.copyfile(report, work / report.name)
    words = ["-m", pictures.__name__, report.name, picture.name]
    output(container(image.name, image.sif, work).command(words), f"drawing {picture.name}")
    with whole_file(picture) as temporary:
        shutil.copyfile(work / picture.name, temporary)
