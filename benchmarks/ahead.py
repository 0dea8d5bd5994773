"""Starts of the five imports from storage that takes a while for each request."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core import paths
from hpcpy.engine.setup import ensure
from hpcpy.pack import hot
from hpcpy.pack.sif import pack_sif
from hpcpy.pack.starts import record
from hpcpy_common.options import whole_number
from measure import report, roots
from measure.cases import CORE
from measure.cold.sample import CACHED, DELAYS, IMAGE, RATE, SLOW, Taken, add, require_root
from measure.roots import Base
from measure.samples import in_rounds

_PACKAGES, _OWN, _AHEAD, _FILE = "ordinary packages", "hpcpy.sif", "read ahead", "hpcpy-python"
# As a launch does on the first rank of a node: src/hpcpy/launch/scripts/apptainer_node.sh.
_BY_LAUNCH = '. "$0"; (read_ahead "$1" </dev/null >/dev/null 2>&1 &); shift; exec "$@"'
# For one rank, too: until a program is executed its parent holds the GIL, and serves no storage.
_RANKS = """
for (( rank = 0; rank < $0; rank++ )); do "$@" & ranks+=($!); done
for rank in "${ranks[@]}"; do wait "$rank" || exit; done
"""


@dataclass
class Ahead(Taken):
    """One start from one storage."""

    start: str
    ranks: int
    delay: float | None


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=5)
    help_ = "starts at once on the node, the first of which reads ahead (default: 1)"
    parser.add_argument("--ranks", type=whole_number(1), default=1, metavar="N", help=help_)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``ahead.json``, print the medians."""
    require_root("ahead.py")
    images = roots.images(("wheels", "hpcpy"), options.sif)
    with report.work_folder() as work:
        facts = report.circumstances("ahead", images, work) | {"rate": RATE}
        requests = _requests(images, options.ranks)
        kinds = [Ahead(start, options.ranks, delay) for delay in DELAYS for start in requests]

        def take(kind: Ahead) -> None:
            storage = CACHED if kind.delay is None else SLOW
            request = {**requests[kind.start], "storage": storage, "delay": kind.delay}
            add(kind, "measure.cold.sample", request)

        in_rounds(kinds, options.samples, take, lambda kind: f"{kind.start}, {kind.delay}")
    return report.finish({**facts, "results": kinds}, options.out)


def _recorded(image: Base) -> str:
    """Return the list that `hpcpy pack` writes beside a SIF, of the five imports."""
    with tempfile.TemporaryDirectory(prefix=".ahead.", dir=image.sif.parent) as folder:
        sif = Path(folder, image.sif.name)
        os.link(image.sif, sif)
        packed = pack_sif(sif, None)
        return hot.write_beside(sif, record(packed, ["-c", CORE])).read_text()


def _requests(images: Sequence[Base], ranks: int) -> dict[str, dict[str, Any]]:
    """Return what each start is, for `measure.cold.sample.take`."""
    packages, own = (str(image.sif) for image in images)
    engine = [str(ensure("apptainer")["apptainer"].path), "exec", "--cleanenv", IMAGE]
    several = ["bash", "-c", _RANKS, str(ranks)]
    command = [*several, *engine, "python3", "-c", CORE]
    script = str(paths.ROOT / "src/hpcpy/launch/scripts/read_ahead.sh")
    ahead = ["bash", "-pc", _BY_LAUNCH, script, IMAGE, *command]
    file = str(paths.BUILD / "hpcpy-python")
    return {
        _PACKAGES: {"image": packages, "command": command},
        _OWN: {"image": own, "command": command},
        _AHEAD: {"image": own, "command": ahead, "hot": _recorded(images[-1])},
        _FILE: {"image": file, "command": [*several, IMAGE, "-c", CORE]},
    }


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
