"""Where things are: the checkout, its build folder, the user's cache."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENV = ROOT / "env"
RECIPES = ROOT / "recipes"
CONTAINERS = ROOT / "containers"
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
TOOLS = BUILD / "tools"
VENV = BUILD / "venv"


def folder(text: str) -> Path:
    """Return an option's folder, which may not be there yet.

    Raises
    ------
    argparse.ArgumentTypeError
        For ``-``, which is standard output everywhere, and what is no folder.
    """
    path = Path(text)
    if text == "-" or (path.exists() and not path.is_dir()):
        raise argparse.ArgumentTypeError(f"{text}: is no folder, and several files are written")
    return path


def cache_dir() -> Path:
    """Return the cache folder, which is safe to delete and never the only copy.

    Returns
    -------
    Path
        ``${HPCPY_CACHE:-${XDG_CACHE_HOME:-~/.cache}}/hpcpy``; not created.
    """
    base = os.environ.get("HPCPY_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser().absolute() if base else Path.home() / ".cache") / "hpcpy"
