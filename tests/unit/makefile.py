"""Calls of make for tests, and copies of a checkout to call it in."""

import re
import shutil
from pathlib import Path

from processes import environment

from hpcpy.core import paths
from running import Done, printed, run

MAKEFILE = paths.ROOT / "Makefile"


def make(*words: str | Path, cwd: Path = paths.ROOT, **variables: str) -> Done:
    """Run make in a folder, the checkout's by default."""
    env = {**environment(), "MAKEFLAGS": "", **variables}
    return run("make", "--no-print-directory", *words, cwd=cwd, env=env)


def make_help(*words: str | Path, cwd: Path = paths.ROOT) -> dict[str, str]:
    shown = printed(make(*words, "help", cwd=cwd))
    rows = re.findall(r"^  make (\S+) +(\S.*)$", shown, re.MULTILINE)
    assert len(rows) == len([line for line in shown.splitlines() if line != "For maintainers:"])
    return dict(rows)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE.read_text(), re.MULTILINE))


def copy(folder: Path) -> Path:
    """Copy what make needs of this checkout, without the recipes: no image can be built there."""
    folder.mkdir(parents=True)
    for name in ("Makefile", "hpcpy", "pyproject.toml", ".gitignore"):
        shutil.copy(paths.ROOT / name, folder)
    for name in ("src", "env", "containers"):
        shutil.copytree(paths.ROOT / name, folder / name)
    return folder
