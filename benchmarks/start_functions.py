"""Write ``env/start_functions.txt``: the functions that starts of the image's Python enter.

The feature `order` links them side by side.  Run it at a release, and after an upgrade of
CPython or numpy: a name that is gone costs nothing, a new one lies elsewhere until then.
"""

import argparse
import itertools
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from checkout import run
from hpcpy.core import paths
from hpcpy.core.files import write_whole
from measure import report, roots
from measure.cases import CORE
from measure.running import output
from measure.targets import PYTHON, WORK, Target, container

_LIST = paths.ROOT / "env/start_functions.txt"
_TRACER = Path(__file__).with_name("measure") / "entered.py"
# Written by recipes/interpreter/functions.py: address, object and name of each function.
_FUNCTIONS = "/opt/hpcpy/lib/hpcpy/functions.xz"
# Whose functions have a section each, and no data among their code.
_OBJECTS = re.compile(r"(libpython|libstdc\+\+|libgfortran)\.a\(|\w+\.c |numpy\.")
_PROGRAMS = ("pass", "import numpy", CORE)
# The image's locale, and one that Python first changes to UTF-8.
_LOCALES = ("C.UTF-8", "C")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    help_ = "trace this SIF as hpcpy"
    parser.add_argument("--sif", action="append", default=[], metavar="NAME=FILE", help=help_)
    help_ = f"(default: {_LIST.relative_to(paths.ROOT)})"
    parser.add_argument("--out", type=Path, default=_LIST, metavar="FILE", help=help_)


def main(options: argparse.Namespace) -> int:
    """Trace, and write the list."""
    (image,) = roots.images(["hpcpy"], options.sif)
    with report.work_folder() as work:
        target = container("hpcpy", image.sif, work)
        (work / _TRACER.name).write_bytes(_TRACER.read_bytes())
        names = functions(_read(target))
        (work / "addresses").write_text("".join(f"{address:x}\n" for address in names))
        entered = dict.fromkeys(
            names[address]
            for program, locale in itertools.product(_PROGRAMS, _LOCALES)
            for address in _entered(target, work, program, locale)
        )
    write_whole(options.out, "".join(f"{name}\n" for name in entered))
    print(f"{options.out}: {len(entered):,} functions")
    return 0


def _read(target: Target) -> Iterable[str]:
    code = f"import lzma; print(lzma.open({_FUNCTIONS!r}, 'rt').read())"
    return output(target.command(["-c", code]), "reading the executable's functions").splitlines()


def functions(lines: Iterable[str]) -> dict[int, str]:
    """Return the names of the functions that are watched, by their addresses."""
    watched = {}
    for line in lines:
        address, _, function = line.partition(" ")
        # C++'s tables have a line, too; a breakpoint would change their data.
        if _OBJECTS.match(function) and " _ZT" not in function:
            # The linker calls a constructor's section by the other of its two names.
            name = re.sub(r"([CD])1([EI])", r"\g<1>2\g<2>", function.split(" ", 1)[1])
            watched[int(address, 16)] = name
    return watched


def _entered(target: Target, work: Path, program: str, locale: str) -> list[int]:
    variables = {"LANG": locale, "PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1", "HOME": "/home/u"}
    words = [f"{name}={value}" for name, value in variables.items()]
    traced = [PYTHON, str(WORK / _TRACER.name), str(WORK / "addresses"), str(WORK / "hits")]
    command = target.command(["-i", *words, *traced, PYTHON, "-c", program], "/usr/bin/env")
    # Into a pipe, as in most runs: Python runs other code if it writes to a file.
    output(command, f"tracing {program!r}")
    return [int(line, 16) for line in (work / "hits").read_text().splitlines()]


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
