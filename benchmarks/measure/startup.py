"""What starting Python takes, image against image."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import readme_chart, report, roots
from measure.cases import write_scripts
from measure.samples import SAMPLER, measure
from measure.targets import Target, container, image_variables, unpacked
from workloads.harness import machine

# The stack of wheels is also what a virtual environment is made of.
_WHEELS = "wheels"
_IMAGES = (_WHEELS, "hpcpy")
# What the interpreter does for a start, switched off: the difference is its share.
_WITHOUT = {
    "code by marshal": {"HPCPY_CODE": "marshal"},
    "collector as elsewhere": {"HPCPY_GC": "stock"},
}
_SAMPLES = 20
_README = "readme.png"  # compares just `_IMAGES`
_PICTURES = {"startup.png": report.CHART, _README: Path(readme_chart.__file__)}
_FACTS = """
import importlib.metadata, json, platform, pathlib
names = "numpy numba llvmlite mpi4py h5py viztracer cupy-cuda12x pyopencl dask matplotlib".split()
versions = {name: importlib.metadata.version(name) for name in names}
about = json.loads(pathlib.Path("/opt/hpcpy/share/hpcpy/image.json").read_text())
print(json.dumps({**about, "python": platform.python_version(), "versions": versions}))
"""


@dataclass(frozen=True)
class _Image:
    name: str
    sif: Path
    digest: str


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = "of each start (default 20)"
    parser.add_argument("--samples", type=int, default=_SAMPLES, metavar="N", help=help_)
    parser.add_argument("--images", default=",".join(_IMAGES), help="default: wheels,hpcpy")
    parser.add_argument(
        "--sif", action="append", default=[], metavar="NAME=FILE", help="measure this SIF as NAME"
    )
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/startup.json``, its pictures and ``startup.md``.

    Returns
    -------
    int
        0; problems are raised.
    """
    if options.samples < 1:
        raise UsageError(f"--samples {options.samples}: at least one is needed")
    images = _images(options.images.split(","), options.sif)
    ensure("apptainer")
    with tempfile.TemporaryDirectory(prefix="hpcpy-startup.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        write_scripts(work)
        shutil.copyfile(SAMPLER, work / SAMPLER.name)
        targets = [target for image in images for target in _targets(image, work)]
        circumstances = _circumstances(images, work, options.words)
        with stage(f"{options.samples} starts of each") as current:
            starts = measure(targets, options.samples)
            current.note = f"{len(starts)} kinds"
        results = options.out / "results"
        report.write_json(results / "startup.json", starts, circumstances)
        drawing = container(images[-1].name, images[-1].sif, work)
        for name, program in pictures(image.name for image in images).items():
            report.draw(results / "startup.json", results / name, drawing, work, program)
    # What a user starts; the JSON has the other places.
    inside = [start for start in starts if start.place == "container"]
    report.write_page(
        paths.ROOT / "docs/startup.md", options.out / "startup.md", report.table(inside)
    )
    print(report.table(starts), end="")
    if warning := report.unsteady(starts):
        print(f"{Path(sys.argv[0]).name}: {warning}", file=sys.stderr)
    return 0


def pictures(names: Iterable[str]) -> dict[str, Path]:
    """Return the pictures of a measurement of some images, each with the program that draws it."""
    has_all = {*_IMAGES} <= {*names}
    return {name: path for name, path in _PICTURES.items() if has_all or name != _README}


def _images(names: list[str], given: list[str]) -> list[_Image]:
    files = dict(one.partition("=")[::2] for one in given)
    if unknown := sorted(set(files) - set(names)):
        raise UsageError(f"--sif {unknown[0]}=…: not among --images {','.join(names)}")
    found = []
    for name in names:
        if name in files:
            sif = Path(files[name]).absolute()
            if not sif.is_file():
                raise UsageError(f"--sif {name}={files[name]}: no such file")
        else:
            sif, _, _ = ensure_image("sif", name)
        digest = read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}"
        found.append(_Image(name, sif, str(digest)))
    return found


def _targets(image: _Image, work: Path) -> list[Target]:
    inside = container(f"{image.name}, container", image.sif, work)
    variables = image_variables(inside)
    root = roots.unpacked_root(image.name, image.sif, image.digest)
    found = [inside, unpacked(f"{image.name}, host", root, work, variables)]
    if image.name == _WHEELS:
        venv = str(roots.add_venv(root))
        found.append(unpacked(f"{image.name}, venv", root, work, variables, venv))
    else:
        found += [
            unpacked(f"{image.name}, {place}", root, work, {**variables, **switch})
            for place, switch in _WITHOUT.items()
        ]
    return found


def _circumstances(images: list[_Image], work: Path, words: list[str]) -> dict[str, Any]:
    about = {}
    for image in images:
        command = container(image.name, image.sif, work).command(["-c", _FACTS])
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        about[image.name] = {"digest": image.digest, **json.loads(done.stdout)}
    tools = ensure("apptainer").found
    return {
        "benchmark": "startup",
        "machine": machine.describe(),
        # Before the samples: what else the machine does.
        "load_average": os.getloadavg(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "images": about,
        "command": shlex.join(["./hpcpy", *words]),
    }
