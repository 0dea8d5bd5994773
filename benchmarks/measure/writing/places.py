"""Where arrays are written: folders, and a MooseFS that is started for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy.cluster.processes import daemon_environment
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import require_free, scratch_dir
from sharedfs import machines
from sharedfs.launch import VARIABLES

if TYPE_CHECKING:
    from measure.writing.rounds import Task

DISK, MEMORY, MOOSEFS = "disk", "memory", "moosefs"
NAMES = (DISK, MEMORY, MOOSEFS)
_FOLDERS = {DISK: paths.BUILD, MEMORY: Path("/dev/shm")}  # noqa: S108 - that one is meant


@dataclass(frozen=True)
class Place:
    """A folder to write in.

    Attributes
    ----------
    name
        As it was asked for.
    folder
        Empty, and gone afterwards.
    entering
        The start of a command that runs where the folder is mounted.
    environment
        The variables of such a command; none for this process's own.
    """

    name: str
    folder: Path
    entering: Sequence[str] = ()
    environment: Mapping[str, str] | None = None


def choose(asked: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the places that can be had, and for each of the others why not.

    Parameters
    ----------
    asked
        Names of `NAMES` and folders; none for all of `NAMES`.

    Raises
    ------
    UsageError
        For what is neither one of `NAMES` nor a folder.
    UnavailableError
        When MooseFS was asked for by name and cannot be started here.
    """
    for name in asked:
        if name not in NAMES and not Path(name).is_dir():
            raise UsageError(f"{name}: no folder, and none of {', '.join(NAMES)}")
    chosen, left_out = list(dict.fromkeys(asked or NAMES)), {}
    if MOOSEFS in chosen:
        try:
            machines.require()
        except UnavailableError as error:
            if asked:
                raise
            chosen.remove(MOOSEFS)
            left_out[MOOSEFS] = str(error)
    return chosen, left_out


@contextlib.contextmanager
def ready(name: str) -> Iterator[Place]:
    """Give a place; a MooseFS is a new one each time, and gone with all its files."""
    if name == MOOSEFS:
        layout = machines.layout(1, paths.BUILD / "writing/cluster")
        with machines.running(layout) as storm, storm.mounts[0].mounted():
            mount = storm.mounts[0]
            variables = {**daemon_environment(layout), **VARIABLES}
            yield Place(name, mount.folder, mount.machine.entering(), variables)
    else:
        with scratch_dir(_FOLDERS.get(name, Path(name)).absolute(), ".hpcpy-writing") as folder:
            yield Place(name, folder)


def file_system(name: str) -> str:
    """Return the type of a place's file system, as the kernel names it."""
    if name == MOOSEFS:
        return "MooseFS: a metadata server, a chunk server and one client on this machine"
    folder = _FOLDERS.get(name, Path(name)).resolve()
    found: dict[Path, str] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mounted, kind, *_ = line.split()
        found[Path(mounted)] = kind
    return next(found[path] for path in (folder, *folder.parents) if path in found)


def require_room(name: str, tasks: Sequence[Task]) -> None:
    """Refuse a place that is too small.

    Raises
    ------
    DiskError
        With what is needed there and what is free.
    """
    # What is removed from a MooseFS takes its room for minutes.
    whole = sum(one.bytes * len(one.techniques) for one in tasks)
    need = whole if name == MOOSEFS else 2 * max(one.bytes for one in tasks)
    require_free(_FOLDERS.get(name, paths.BUILD if name == MOOSEFS else Path(name)), need, name)


def environment(place: Place) -> dict[str, str]:
    """Return the variables of a command at a place."""
    return dict(os.environ if place.environment is None else place.environment)
