"""What the pages have a reader type in the image runs, in a folder with the reader's program.

In `make test`: `tests/unit/test_docs_commands.py` parses all of it.
"""

import itertools
import re
import shlex
import shutil
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.engine.prefix import find_apptainer
from image_commands import IN_IMAGE
from running import run

pytestmark = pytest.mark.long
# Blocks that say what they need are another machine's.
BLOCK = re.compile(
    r"(?<!:\*\n)^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
# Also what stands there for the reader's own folder.
SCRATCH = "/scratch/me"
WRITTEN = ("--json", "--plot", "--html", "--notebook", "--out", "--to")
# All slides of a talk take a quarter of an hour on cores of their own.
SECONDS = 2400


def typed() -> list[str]:
    found: dict[str, None] = {}
    for page in sorted([paths.ROOT / "README.md", *(paths.ROOT / "docs").glob("*/*.md")]):
        for block in BLOCK.finditer(page.read_text()):
            lines = block["text"].replace("\\\n", " ").splitlines()
            found |= {" ".join(line.split("#")[0].split()): None for line in lines}
    return [line for line in found if IN_IMAGE.match(line)]


def written(line: str) -> list[str]:
    """Return the files and folders that a command is told to make."""
    words = shlex.split(line)
    return [
        word
        for option, word in itertools.pairwise(words)
        if option in WRITTEN and not word.startswith("/")
    ]


@pytest.mark.parametrize("line", typed())
def test_a_command_of_the_pages_ends_well(sif: str, tmp_path: Path, line: str) -> None:
    work, memory = tmp_path / "work", tmp_path / "memory"
    memory.mkdir()
    shutil.copytree(paths.ROOT / "docs/results", work / "docs/results")
    (work / "my.py").write_text("import numpy\n")
    # Nothing of a page's stays in the machine's memory.
    binds = f"{work}:{SCRATCH},{memory}:/dev/shm"
    words = ("exec", "--cleanenv", "--bind", binds, "--pwd", SCRATCH, sif, "bash", "-c", line)
    done = run(find_apptainer(), *words, timeout=SECONDS)
    if done.returncode == UnavailableError.exit_code and "no CUDA device" in done.stderr:
        pytest.skip(f"{done.stderr.strip()}; there: {line}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert [name for name in written(line) if not (work / name).exists()] == []
