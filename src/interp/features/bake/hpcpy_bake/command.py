"""The command line: pip's, and then a bundle of all that was added."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _hpcpy_importer import finder
from bundle import records
from hpcpy_bake import installed
from hpcpy_bake.second import write_second
from hpcpy_bake.tried import failed

_USAGE = """\
usage: python -m hpcpy_bake [what `pip install` takes]

Hands its words to `pip install`, while an image is built on this one, and puts the modules of
all packages that were added into memory; without words, those that are there.  The image's
own packages keep their versions.  Each module is imported once: a line on standard error
names one that fails.

exit codes: pip's own, 2 usage, 69 a package cannot be baked, 73 the image cannot be written
"""
# A user's settings must not say where pip puts packages.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
USAGE, UNAVAILABLE, NOT_WRITABLE = 2, 69, 73


class _BakeError(Exception):
    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def main(words: Sequence[str], *, has_moved: bool = False) -> int:
    """Install what pip's words ask for, and bake all that was added; return the exit code.

    `has_moved` says that what is baked was baked on another base.
    """
    if {"-h", "--help"}.intersection(words):
        return _told(_USAGE)
    try:
        _bake(words, has_moved=has_moved)
    except _BakeError as error:
        return _failed(error.code, str(error))
    except ValueError as error:
        return _failed(UNAVAILABLE, f"{error}; use it from a virtual environment")
    except OSError as error:
        return _failed(NOT_WRITABLE, f"{error.filename or sys.prefix}: {error.strerror}")
    except KeyboardInterrupt:
        return _failed(130, "stopped; the same command continues from here")
    return 0


def _told(text: str) -> int:
    if sys.stdout is None:
        return _failed(NOT_WRITABLE, "standard output: is closed")
    try:
        print(text, end="", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # at its end Python writes again
        return _failed(NOT_WRITABLE, f"standard output: {error.strerror}")
    return 0


def _failed(code: int, why: str) -> int:
    print(f"hpcpy_bake: {why}", file=sys.stderr)
    return code


def _bake(words: Sequence[str], *, has_moved: bool) -> None:
    library = Path(finder().bundle.library)
    site = library / "site-packages"
    date = os.environ.get("SOURCE_DATE_EPOCH")
    _refuse(words, site, date)
    # What is installed is for all users of the image.
    os.umask(0o022)
    started, own = time.time(), installed.untouched(sys.prefix)
    if words:
        _install(words, site)
    if has_moved and _pip("check"):
        raise _BakeError(UNAVAILABLE, "what was baked on another base does not fit this one")
    among = [*(own - installed.untouched(sys.prefix)), *installed.in_the_image(site)]
    if among:
        reason = f"{', '.join(sorted(among)[:3])}: a package has put it among the image's own files"
        raise _BakeError(UNAVAILABLE, f"{reason}; build again without that package")
    if absent := ", ".join(installed.unimportable(site)):
        reason = f"{absent}: its modules are not in the image, as those of an editable package"
        raise _BakeError(UNAVAILABLE, f"{reason}; build again without it; nothing was baked")
    _write(library, site, int(date or time.time()))
    for name, why in failed(installed.modules(site)):
        lacks = "if a job has what it lacks, all is well"
        print(f"hpcpy_bake: import {name} fails here: {why}; {lacks}", file=sys.stderr)
    if date is not None:
        _date(Path(sys.prefix), started - 1, int(date))


def _refuse(words: Sequence[str], site: Path, date: str | None) -> None:
    if any(word.startswith(("-e", "--ed")) for word in words):  # optparse takes a beginning
        reason = "no start would find an editable package (-e)"
        raise _BakeError(USAGE, f"{reason}; bake it without -e, or use it from a venv")
    if sys.prefix != sys.base_prefix:
        own = "bake with the image's own python3"
        raise _BakeError(USAGE, f"in a virtual environment python -m pip install does; {own}")
    if date is not None and not (date.isascii() and date.isdecimal() and len(date) < 11):
        raise _BakeError(USAGE, f"SOURCE_DATE_EPOCH is {date!r}, no number of seconds")
    if not os.access(site, os.W_OK):
        where = "RUN after USER 0 in a Containerfile, %post in an Apptainer definition"
        reason = f"{site} cannot be written; bake while an image is built, as root: {where}"
        raise _BakeError(NOT_WRITABLE, reason)


def _install(words: Sequence[str], site: Path) -> None:
    """Run `pip install`; the image's own packages stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        held, report = Path(folder, "of-the-image.txt"), Path(folder, "report.json")
        pins = (f"{name}=={version}\n" for name, version in installed.own_versions().items())
        held.write_text("".join(pins))
        quiet = ("--no-compile", "--no-warn-script-location", "--root-user-action=ignore")
        own = ("--break-system-packages", "--no-cache-dir", f"--constraint={held}")
        if code := _pip("install", *quiet, *own, f"--report={report}", *words):
            raise _BakeError(code, f"pip ended with {code}; nothing was baked")
        asked = json.loads(report.read_text())["install"] if report.exists() else []
    there = installed.others(site)
    for name in (installed.canonical(each["metadata"]["name"]) for each in asked):
        if name not in there:
            where = "by --target, --prefix, --root, --dry-run or a setting of pip's"
            raise _BakeError(UNAVAILABLE, f"{name} is not in the image, {where}; nothing was baked")


def _pip(*words: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    command = (sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input")
    code = subprocess.run([*command, *words], env=environment, check=False).returncode
    return code if code >= 0 else 128 - code


def _date(prefix: Path, since: float, date: int) -> None:
    """Give what was written since then a date: the same image from the same requirements."""
    for parent, _, names in os.walk(prefix, topdown=False):
        for path in (*(os.path.join(parent, name) for name in names), parent):
            if os.lstat(path).st_mtime >= since:
                os.utime(path, (date, date), follow_symlinks=False)


def _write(library: Path, site: Path, date: int) -> None:
    bundle = finder().bundle
    # Nothing is looked for in a site-packages that has the image's own time.
    date += date == bundle.epoch
    added = installed.others(site).values()
    for distribution in added:
        records.renew(site, installed.folders(installed.files(distribution)))
    alone = installed.without_owner(site)
    count = write_second(library, None if alone else date)
    os.utime(site, (date, date))
    names = {name for distribution in added for name in installed.files(distribution)}
    if unread := ", ".join(sorted(name for name in names if name.endswith(".pth"))):
        print(f"hpcpy_bake: not read at a start, so what they add is not found: {unread}")
    print(f"hpcpy_bake: distributions in memory: {count}; python -m hpcpy_info lists them")
    if no_owner := ", ".join(alone):
        print(f"hpcpy_bake: no distribution has {no_owner}: imported from files, not baked")
