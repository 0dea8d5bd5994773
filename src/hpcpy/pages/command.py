"""``hpcpy docs``: README and docs as pages of HTML, all links checked."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from hpcpy import paths
from hpcpy.cache.removal import remove_tree
from hpcpy.checkout_lock import checkout_lock
from hpcpy.engine.venv import ensure_venv
from hpcpy.files import disk_errors, scratch_dir
from hpcpy.stages import stage


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments."""


def main(_options: argparse.Namespace) -> int:
    """Build all pages.

    Returns
    -------
    int
        0; problems are raised.
    """
    folder = paths.BUILD / "docs"
    build(paths.ROOT, folder)
    print(folder / "index.html")
    return 0


def build(checkout: Path, folder: Path) -> None:
    """Build the pages of a checkout anew.

    Parameters
    ----------
    checkout
        Where README.md and docs are.
    folder
        What they become. It stays as it was when a link leads nowhere.

    Raises
    ------
    StageError
        When Sphinx has something to complain of.
    """
    # A test's Python is a link to make's: by two names each of them would make the
    # venv anew.
    base = str(Path(sys.executable).resolve())
    python = ensure_venv("docs", base) / "bin" / "python"
    with disk_errors(folder), scratch_dir(folder.parent, ".docs") as scratch:
        made = scratch / "html"
        # Built from nothing each time: Sphinx does not repeat a warning about a page that
        # has not changed, and a page that has gone would stay.
        options = ["--fail-on-warning", "--keep-going", "--quiet", "--builder=html"]
        own = [f"--conf-dir={Path(__file__).parent}", f"--doctree-dir={scratch / 'read'}"]
        with stage("docs") as current:
            current.run([python, "-m", "sphinx", *options, *own, checkout, made])
        # Links between the pages lead to README.html; a server shows index.html first.
        shutil.copy(made / "README.html", made / "index.html")
        with checkout_lock():
            if folder.exists():
                remove_tree(folder)
            made.replace(folder)
