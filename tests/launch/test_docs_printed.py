"""What the pages show as printed has the shape of what the image prints today."""

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from running import run

BLOCK = re.compile(
    r"<!-- printed by: (?P<command>.+?) -->\n *```text\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
PROGRAMS = {
    "my.py": "import numba, numpy\n",
    "my-mpi.py": "from mpi4py import MPI\n\ncomm = MPI.COMM_WORLD\n"
    "print(f'rank {comm.rank} of {comm.size}: {comm.allreduce(comm.rank)}')\n",
}
SHOWN = [
    pytest.param(found["command"], textwrap.dedent(found["text"]), id=page.stem)
    for page in sorted(paths.ROOT.glob("docs/*/*.md"))
    for found in BLOCK.finditer(page.read_text())
]


def rows(text: str) -> list[str]:
    """Return what each line is about: its first words that are no number or mark."""
    found = []
    for line in text.splitlines():
        words = [word for word in line.split() if re.match(r"[a-z_]", word)]
        found += [words[0].split(":")[0]] if words else []
    return found


@pytest.mark.parametrize(("command", "text"), SHOWN)
def test_a_shown_output_has_the_rows_of_a_real_one(
    command: str, text: str, sif: str, tmp_path: Path
) -> None:
    for name, program in PROGRAMS.items():
        (tmp_path / name).write_text(program)
    mounted = ["--contain", "--no-home", f"--bind={tmp_path}:/tmp", "--pwd=/tmp"]
    done = run(find_apptainer(), "exec", *mounted, sif, *shlex.split(command))
    assert [row for row in rows(text) if row not in rows(done.stdout)] == [], done.stdout
