"""The folders beside a prefix, and how each takes another's place, whenever it is killed.

Beside PREFIX there are, for a time, `PREFIX.packing`, what is being made or removed, and
`PREFIX.pack-old`, the packed folder that another one has replaced.  `PREFIX.unpacked`, the folder
as it was, stays until it is removed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core.errors import HpcpyError, UsageError
from hpcpy.core.files import disk_errors
from hpcpy.core.locks import locked
from hpcpy.core.programs import captured
from hpcpy.core.scratch import remove_tree
from hpcpy.core.stages import say

_OWN = 0o700
_CLOSED = ("-type", "d", "!", "-perm", "-u=rwx")


def beside(prefix: Path, state: str) -> Path:
    """Return the folder of a state."""
    return Path(f"{prefix}.{state}")


def is_packed(folder: Path) -> bool:
    """Tell whether a folder is a packed environment, whole."""
    return (folder / ".pack/config").is_file()


@contextlib.contextmanager
def work_folder(prefix: Path) -> Iterator[Path]:
    """Give a folder beside the prefix, which is gone afterwards: one pack has it at once.

    If one was killed, the prefix is first what it was before that pack.
    """
    made = beside(prefix, "packing")
    with disk_errors(made), _locked(made):
        _recover(prefix, made)
        try:
            yield made
        finally:
            try:
                # Folders in it may be closed to their owner.
                captured(["find", made, *_CLOSED, "-exec", "chmod", "u+rwx", "{}", ";"])
                remove_tree(made)
            except HpcpyError as error:
                # All is done, and no name of ours leads there.
                say(str(error))


@contextlib.contextmanager
def _locked(made: Path) -> Iterator[None]:
    # Nobody else reads there what is not in its place, with its mode.
    made.mkdir(_OWN, exist_ok=True)
    mark = made / "lock"
    if not mark.exists() and any(made.iterdir()):
        raise UsageError(f"{made}: is in the way", hint="move it, or remove it")
    with locked(mark, may_wait=False):
        yield


def _recover(prefix: Path, work: Path) -> None:
    """Undo what a pack did that was killed between two renames."""
    old = beside(prefix, "pack-old")
    if not os.path.lexists(prefix):
        for folder in (old, beside(prefix, "unpacked")):
            if folder.is_dir():
                folder.rename(prefix)
                return
    elif not is_packed(prefix) and is_packed(old):
        discard(old, work)


def swap(prefix: Path, new: Path, old: Path) -> None:
    """Have a new folder take the prefix's place, whose folder gets the name `old`."""
    try:
        prefix.rename(old)
        _move(new, prefix)
    except BaseException:
        if not prefix.exists():
            old.rename(prefix)
        raise


def discard(folder: Path, work: Path) -> None:
    """Remove a folder with the work folder.

    Removed where it is and killed meanwhile, half of it would be taken for the whole.
    """
    if folder.exists():
        _move(folder, Path(tempfile.mkdtemp(dir=work)))


def _move(folder: Path, target: Path) -> None:
    mode = folder.stat().st_mode
    is_closed = not os.access(folder, os.W_OK)
    if is_closed:
        # Where it lies is written in the folder itself.
        folder.chmod(mode | _OWN)
    folder.rename(target)
    if is_closed:
        target.chmod(mode)
