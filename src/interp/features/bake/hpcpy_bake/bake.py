"""All stages of a bake: resolve, install aside, move, bundle."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from types import FrameType
from typing import Any

from _hpcpy_importer import finder
from _hpcpy_memory import BAKED
from hpcpy_bake import installed
from hpcpy_bake.errors import NOT_WRITABLE, BakeError
from hpcpy_bake.moves import Moves, refuse_to_overwrite
from hpcpy_bake.pip import Item, install, resolve
from hpcpy_bake.second import Second

_STOPS = (signal.SIGHUP, signal.SIGTERM)


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    asked: Sequence[str]  # Requirements and options, as for pip
    names: frozenset[str]  # The distributions that are named, which may be replaced
    options: Sequence[str]  # pip's options, such as those that say where it looks
    has_hashes: bool  # Whether the requirements have hashes


def bake(request: Request, say: Callable[[str], None]) -> None:
    """Install what is asked for, and put all packages that are added into memory.

    If nothing is asked for, what is installed already is baked.  After an error all is as
    before.  `say` is called with a line for each stage.
    """
    library = Path(finder().bundle.library)
    site = library / "site-packages"
    with _as_before(library, site, Path(sys.prefix, "bin")), _folder_in(library) as stage:
        prefix = stage / "prefix"
        staged = prefix / site.relative_to(sys.prefix)
        items = _installed_aside(request, site, stage, say)
        new, old = installed.others(staged), installed.others(site)
        if not new and not old:
            raise BakeError("there is nothing to bake: the image has all of it already")
        stamp = _stamp()
        _date(prefix, stamp)
        with Moves() as moves:
            named = [file for name in new if name in old for file in installed.files(old[name])]
            rest = [one for name, one in old.items() if name not in new]
            moves.take_away(site, installed.alone(site, named, rest), stage / "old")
            refuse_to_overwrite(prefix, Path(sys.prefix))
            moves.merge(prefix, Path(sys.prefix))
            with _stage("bundle", say) as note:
                found = installed.others(site)
                second = Second(library, stage)
                alone = installed.without_owner(site)
                second.write(found, None if alone else stamp, _sources(items, found))
                note(f"{len(found)} distributions")
            os.utime(site, (stamp, stamp))
            second.place(library / BAKED.strip("/"), moves)
    if alone:
        say(
            f"         not baked, as no distribution has them: {', '.join(alone)}; "
            "they are imported from their files"
        )
    unchecked = [item.name for item in items if not item.sha256 or not request.has_hashes]
    if unchecked:
        say(
            f"         not checked against hashes: {', '.join(unchecked)}; "
            "python -m hpcpy_bake --lock prints requirements that have them"
        )


def _installed_aside(
    request: Request, site: Path, stage: Path, say: Callable[[str], None]
) -> list[Item]:
    prefix = stage / "prefix"
    prefix.mkdir()
    (stage / "old").mkdir()
    if not request.asked:
        return []
    own = installed.own_versions()
    there = {name: one.version for name, one in installed.others(site).items()}
    held = own | {name: there[name] for name in there if name not in request.names}
    with _stage("resolve", say) as note:
        items = resolve([*request.asked, *request.options], held, own, stage)
        note(", ".join(f"{item.name} {item.version}" for item in items) or "nothing is missing")
    if items:
        with _stage("install", say) as note:
            install(items, request.options, own, prefix)
            note(f"{len(items)} distributions")
    return items


def _sources(items: Sequence[Item], found: Mapping[str, Distribution]) -> dict[str, Any]:
    added = finder().bundle.added
    known = dict(added.about["sources"]) if added else {}
    known |= {installed.canonical_name(one.name): (one.version, one.sha256) for one in items}
    return {
        name: known[name] if known.get(name, ("",))[0] == one.version else (one.version, "")
        for name, one in found.items()
    }


def _stamp() -> int:
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is not None and not given.isdecimal():
        raise BakeError(f"SOURCE_DATE_EPOCH is {given!r}, no number of seconds", 2)
    stamp = int(given) if given else int(time.time())
    # Nothing is looked for in a site-packages that has the image's own time.
    return stamp + (stamp == finder().bundle.epoch)


def _date(folder: Path, stamp: int) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            os.utime(Path(parent, name), (stamp, stamp), follow_symlinks=False)
        os.utime(parent, (stamp, stamp))


@contextmanager
def _as_before(*folders: Path) -> Iterator[None]:
    # The time of site-packages says whether something was added to it.
    times = {folder: folder.stat() for folder in folders if folder.is_dir()}
    try:
        yield
    except BaseException:
        for folder, status in times.items():
            with suppress(OSError):
                os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
        raise


@contextmanager
def _folder_in(library: Path) -> Iterator[Path]:
    try:
        made = Path(tempfile.mkdtemp(prefix=".hpcpy_bake.", dir=library))
    except OSError as error:
        raise BakeError(
            f"{library}: {error.strerror}; bake while an image is built, as root: "
            "RUN after USER 0 in a Containerfile, %post in an Apptainer definition",
            NOT_WRITABLE,
        ) from None

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # nohup's SIGHUP stays ignored.
    heard = (each for each in _STOPS if signal.getsignal(each) != signal.SIG_IGN)
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield made
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _stage(name: str, say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    notes: list[str] = []
    start = time.monotonic()
    yield notes.append
    say(f"{time.monotonic() - start:6.1f} s {name}: {'; '.join(notes)}")
