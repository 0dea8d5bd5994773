"""The folder of a script, sys.path[0], is its real one, by whatever name it is called.

Random names from seeds; in the image `sanitized`, too, where AddressSanitizer watches.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

CASES = 120
SCRIPT = "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.path[0]))"
FOLDERS = ("a", "with blank", "\u00e9", "\udcff\udcfe", "-c", "..b", "x" * 200, "new\nline")
SCRIPTS = ("s.py", "s", "-s.py", ".py", "\udcff.py", "a" * 250 + ".py")


def new_folder(draw: random.Random, top: Path) -> Path:
    folder = top.joinpath(*draw.choices(FOLDERS, k=draw.randrange(5)))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def linked(draw: random.Random, top: Path, path: Path) -> Path:
    """Return a new link to a path, which says it from / or from the link's own folder."""
    folder = new_folder(draw, top)
    link = folder / f"link{draw.randrange(1 << 60)}"
    link.symlink_to(draw.choice((path, os.path.relpath(path.resolve(), folder))))
    return link


def called(draw: random.Random, top: Path, script: Path) -> Path:
    """Return a name of a script, through as many links to it and its folders as drawn."""
    for _ in range(draw.randrange(3)):
        if draw.random() < 0.5:
            script = linked(draw, top, script)
        else:
            script = linked(draw, top, script.parent) / script.name
    return script


def test_folder_is_the_real_one(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    for seed in range(CASES):
        draw = random.Random(seed)  # noqa: S311 - no secret
        script = new_folder(draw, top) / draw.choice(SCRIPTS)
        script.write_text(SCRIPT)
        name, place = called(draw, top, script), new_folder(draw, top)
        argument = draw.choice((str(name), f"./{os.path.relpath(name, place)}"))
        argument = argument.replace("/", draw.choice(("/", "//", "/./")))
        done = subprocess.run(
            [sys.executable, argument], cwd=place, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), (seed, argument)
        assert os.fsdecode(done.stdout) == str(script.parent), (seed, argument)
