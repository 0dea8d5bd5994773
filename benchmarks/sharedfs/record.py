"""What is kept of a storm: samples as they come, circumstances, a picture."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.files import whole_file
from measure.report import draw
from measure.targets import container
from sharedfs import storm_chart
from sharedfs.configurations import CONFIGURATIONS, Images
from sharedfs.images import digest
from sharedfs.measure import Plan
from sharedfs.programs import PROGRAMS
from sharedfs.samples import Sample
from workloads.harness import machine

Keep = Callable[[Sequence[Sample]], None]


def circumstances(
    plan: Plan, images: Images, words: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a report says beside its samples.

    Parameters
    ----------
    plan, images
        What is measured, with what.
    words
        The command's.
    more
        Further entries; its ``benchmark`` takes the place of "storm".
    """
    return {
        "benchmark": "storm",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["./hpcpy", *words]),
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
        "images": {name: digest(sif) for name, sif in images.sif.items()},
        "configurations": {name: CONFIGURATIONS[name].title for name in plan.configurations},
        "programs": {name: PROGRAMS[name] for name in plan.programs},
        **more,
    }


def recorded(
    path: Path, said: Mapping[str, Any], measured: Callable[[Keep], list[Sample]]
) -> list[Sample]:
    """Measure, and have the report in a file; what came before a failure is in another.

    Parameters
    ----------
    path
        The report.
    said
        The circumstances.
    measured
        Takes the samples, and calls the function that it gets with all of them so far.
    """
    unfinished = path.with_suffix(".unfinished.json")
    unfinished.unlink(missing_ok=True)
    try:
        samples = measured(lambda found: write(unfinished, said, found))
        unfinished.rename(path)
    finally:
        if unfinished.exists():
            print(f"{unfinished} has what was measured", file=sys.stderr)
    return samples


def write(path: Path, said: Mapping[str, Any], samples: Sequence[Sample]) -> None:
    """Write a report."""
    with whole_file(path) as temporary:
        temporary.write_text(text(said, [sample.as_dict() for sample in samples]))


def text(said: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> str:
    """Return a report as JSON, a sample a line: some have dozens of ranks."""
    head = json.dumps(said, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n".join(json.dumps(_rounded(one), ensure_ascii=False) for one in samples)
    return f'{head},\n "samples": [\n{lines}\n ]\n}}\n'


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        # To 0.1 ms: a rank's start takes a hundred.
        return round(value, 4)
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, (list, tuple)) else value


def pictured(path: Path, images: Images) -> None:
    """Draw a report beside it, by an image's matplotlib."""
    # Any of them has it.
    name, sif = next(iter(images.sif.items()))
    with tempfile.TemporaryDirectory(prefix="hpcpy-storm.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        picture = path.with_suffix(".png")
        target = container(name, sif, work, images.apptainer)
        draw(path, picture, target, work, Path(storm_chart.__file__))
    print(f"{path} and {path.with_suffix('.png').name} have all of it", file=sys.stderr)
