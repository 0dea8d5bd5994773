"""What `hpcpy pack` makes of environments: files, size, path calls of a program, seconds."""

import argparse
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core import paths
from hpcpy_common.errors import UsageError
from measure import report
from measure.running import output

_PACK = (sys.executable, str(paths.ROOT / "hpcpy"), "pack")
_NUMBERS = re.compile(
    r": (?P<entries>\d+) entries (?P<files_mb>\d+) MB -> \d+ entries (?P<image_mb>\d+) MB"
    r".*: (?P<calls>\d+) before now (?P<packed_calls>\d+)"
    r".*read ahead: (?P<ahead_mb>[\d.]+) of",
    re.DOTALL,
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = "a name, an environment and what its Python imports; it is packed and given back"
    parser.add_argument("environment", nargs="+", metavar="NAME=PREFIX=MODULES", help=help_)
    report.add_options(parser, has_images=False)


def main(options: argparse.Namespace) -> int:
    """Pack, write ``environments.json``, print a table."""
    given = [text.split("=") for text in options.environment]
    if wrong := [text for text in given if len(text) != len(("name", "prefix", "modules"))]:
        raise UsageError(f"{'='.join(wrong[0])}: is no NAME=PREFIX=MODULES")
    # Where the environments lay is of one machine.
    words = (f"{name}=PREFIX={modules}" for name, _, modules in given)
    command = shlex.join(["python3", "benchmarks/environments.py", *words])
    facts = report.begun("environments", command)
    facts["results"] = [_packed(name, Path(prefix), modules) for name, prefix, modules in given]
    return report.finish(facts, options.out)


def _packed(name: str, prefix: Path, modules: str) -> dict[str, Any]:
    """Pack an environment for a program, and give it back; return what `pack` said, and how long.

    Of the prefix alone: the files of a base Python below ``/usr`` are the node's.
    """
    begun = time.monotonic()
    text = output([*_PACK, str(prefix), "--", "-c", f"import {modules}"], "pack")
    packed = time.monotonic()
    output([*_PACK, "--undo", str(prefix)], "undo")
    match = _NUMBERS.search(text.replace(",", ""))
    if match is None:
        raise UsageError(f"{prefix}: its path calls were not counted: {text}")
    return {
        "name": name,
        "imports": modules,
        "seconds": packed - begun,
        "seconds of undo": time.monotonic() - packed,
        **{key: float(number) for key, number in match.groupdict().items()},
    }


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
