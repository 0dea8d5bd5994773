"""Pictures of what commands print: each runs here, in the image or beside it.

The commands of a picture run as they are shown, in an empty folder with `hpcpy.sif` and `my.py`.
"""

import argparse
import os
import sys
import tempfile
import textwrap
from pathlib import Path
from xml.sax.saxutils import escape

from checkout import ROOT, run
from hpcpy.core import paths
from hpcpy.core.files import write_whole
from hpcpy.core.programs import captured
from hpcpy.engine.prefix import find_apptainer
from measure import figures, report
from measure.topics import RESULTS

_IMAGE = "apptainer exec hpcpy.sif"
_EXERCISE = f"{_IMAGE} python -m workloads exercise heat-halo"
PICTURES = {
    "forecast": ("PYTHONPATH=src python3 -m hpcpy_job forecast --server-rate 10000 -- my.py",),
    "doctor": (f"{_IMAGE} mpiexec -n 4 python -m hpcpy_job doctor",),
    "talk": (f"{_IMAGE} python -m workloads talk usc 13",),
    "exercise": (
        *(f"{_EXERCISE} --to halo.py", "grep -A 2 def.exchange halo.py"),
        *(f"{_EXERCISE} --check halo.py", f"{_EXERCISE} --hint"),
        *(f"{_EXERCISE} --solution --to own.py", f"{_EXERCISE} --check own.py"),
    ),
}
_PROGRAM = "import h5py, mpi4py, numba, numpy\n"
# Of a letter, in pixels; a terminal's width in letters, for a talk's table a wider one's.
_WIDE, _HIGH, _COLUMNS, _WIDER = 10, 22, 82, 106
_COLOURS = {"$": "#ffffff", "#": "#8b98a5", "✓": "#7ee787", "!": "#f2cc60", "✗": "#ff7b72"}
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">
<style>text {{ font-family: monospace; font-size: 16.5px }}</style>
<rect width="{0}" height="{1}" rx="8" fill="#22272e"/>
"""
_PRESERVED = 'lengthAdjust="spacingAndGlyphs" xml:space="preserve"'
_LINE = f'<text x="{{}}" y="{{}}" fill="{{}}" textLength="{{}}" {_PRESERVED}>{{}}</text>\n'


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--only", choices=PICTURES, default="", help="this picture alone")
    help_ = "a virtual environment with h5py, mpi4py, numba, numpy, for forecast"
    parser.add_argument("--venv", type=Path, required=True, metavar="FOLDER", help=help_)


def main(options: argparse.Namespace) -> int:
    """Write the pictures, ``docs/results/terminal-NAME.svg``."""
    programs = (options.venv.resolve() / "bin", Path(find_apptainer()).parent, os.environ["PATH"])
    env = {**os.environ, "PATH": ":".join(map(str, programs))}
    image = (paths.BUILD / "hpcpy.sif").resolve()
    for name in [options.only] if options.only else PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "my.py").write_text(_PROGRAM, encoding="utf-8")
            Path(folder, "hpcpy.sif").symlink_to(image)
            Path(folder, "src").symlink_to(ROOT / "src")
            text = "".join(_printed(shown, folder, env) for shown in PICTURES[name])
        lines = text.replace(str(image), "~/hpcpy.sif").replace(folder, "~").splitlines()
        lines.append(f"# {figures.of(report.begun(name, ''), ['when']).strip('()')}")
        columns = _WIDER if name == "talk" else _COLUMNS
        write_whole(RESULTS / f"terminal-{name}.svg", _picture(lines, columns))
    return 0


def _printed(command: str, folder: str, env: dict[str, str]) -> str:
    """Run a command; return it and what it prints."""
    done = captured(["sh", "-c", f"cd {folder} && {command} 2>&1"], env=env)
    return f"$ {command}\n{done.stdout.rstrip()}\n\n".replace("\n\n\n", "\n\n")


def _picture(printed: list[str], columns: int) -> str:
    wrapper = textwrap.TextWrapper(columns, subsequent_indent="    ", break_on_hyphens=False)
    lines = [part for line in printed for part in wrapper.wrap(line) or [""]]
    parts = [_HEAD.format(_WIDE * (columns + 4), _HIGH * (len(lines) + 1))]
    for row, line in enumerate(lines):
        # The same place for a letter, whatever font the reader's browser has.
        values = (2 * _WIDE, _HIGH * (row + 1) + 6, _COLOURS.get(line[:1], "#cdd9e5"))
        parts.append(_LINE.format(*values, _WIDE * len(line), escape(line)) if line else "")
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
