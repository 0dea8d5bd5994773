"""Where things are: the checkout and its version, its build folder, the user's cache."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

from hpcpy_common.errors import UsageError

# Where the packages are: src, or the site-packages of a wheel.
MODULES = Path(__file__).resolve().parents[2]
# A wheel's data lies in its package (images/own_command.py). It belongs to no image, unlike the
# copies of a few commands that images and the one file have.
IS_WHEEL = (MODULES / "hpcpy/share").is_dir()
ROOT = MODULES / "hpcpy/share" if IS_WHEEL else MODULES.parent
ENV = ROOT / "env"
RECIPES = ROOT / "recipes"
CONTAINERS = ROOT / "containers"
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
TOOLS = BUILD / "tools"
VENV = BUILD / "venv"
IS_CHECKOUT = (ROOT / "Makefile").is_file()
# What a user types, in hints and pages; the one file has no command of its own.
CALLED = f"{shlex.quote(sys.orig_argv[0])} -m hpcpy"
if IS_CHECKOUT or shutil.which("hpcpy"):
    CALLED = "./hpcpy" if IS_CHECKOUT else "hpcpy"
elif Path(sys.argv[0]).name == "hpcpy":  # of a virtual environment that is not on PATH
    CALLED = shlex.quote(sys.argv[0])


# Mounts are FROM:TO, with commas between several; overlays unescape a backslash;
# a loader's search path has ; between folders, and $ORIGIN; a line break ends a line of any file.
_REFUSED = re.compile(r"[:;,\\$#\x00-\x1f\x7f]")


def check_root() -> None:
    """Refuse a checkout whose path would be taken apart by the programs that get it."""
    if match := _REFUSED.search(str(ROOT)):
        raise UsageError(
            f"the checkout's path {str(ROOT)!r} has {match[0]!r}, which mounts cannot have",
            hint="move the checkout; quotes and, mostly, blanks are fine (docs/reference/make.md)",
        )


def refuse_blanks(what: str, path: Path) -> None:
    """Refuse a path with a blank, which a program cannot handle."""
    if any(character.isspace() for character in str(path)):
        hint = "move the checkout, or name another folder"
        raise UsageError(f"{what} takes no path with a blank in it: {path}", hint=hint)


def named(text: str) -> Path:
    """Return an option's path; an empty one would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty value names nothing")
    return Path(text)


def quoted(path: Path) -> str:
    """Return a path as it stands in a command that a reader may copy."""
    return shlex.quote(str(path))


def folder(text: str) -> Path:
    """Return an option's folder, which may not be there yet; ``-`` would be standard output."""
    path = named(text)
    # Neither function raises, however long a name is.
    there = next((above for above in (path, *path.parents) if os.path.lexists(above)), path)
    if text == "-" or not os.path.isdir(there):  # noqa: PTH112
        which = text if text == "-" else there
        raise argparse.ArgumentTypeError(f"{which}: is no folder, and several files are written")
    return path


def settled(path: Path) -> Path:
    """Return an absolute path without ``..``, which others may be unable to pass; links stay."""
    # But for those before the last ``..``: it is the parent of what a link names.
    before, dots, rest = f"{path.absolute()}/".rpartition("/../")
    return Path(os.path.realpath(f"{before}/.."), rest) if dots else path.absolute()


def cache_dir() -> Path:
    """Return ``${HPCPY_CACHE:-${XDG_CACHE_HOME:-~/.cache}}/hpcpy``, which is safe to delete."""
    base = os.environ.get("HPCPY_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return in_home("the cache", base, "HPCPY_CACHE") / "hpcpy"


def in_home(what: str, path: str, variable: str) -> Path:
    """Return a path that may begin with ``~``; the variable is what else could name it."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(
            f"{what} would be in {path}, and there is no such home",
            hint=f"set {variable} to a folder of your own",
        ) from error


def writable(folder: Path) -> Path:
    """Return a folder of ``build/``; of a site's checkout or a wheel one in the user's cache."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    is_here = os.access(there, os.W_OK) and not IS_WHEEL
    return folder if is_here else cache_dir() / folder.relative_to(BUILD)


def project_version() -> str:
    """Return the project's version, from ``pyproject.toml``."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
