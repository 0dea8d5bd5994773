"""Where the arrays go: a new folder, or a temporary one that is removed.

A technique writes into a folder of its own with a temporary name, which gets
the technique's name when all its files are there and right.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.bench import files
from workloads.bench.files import STDOUT
from workloads.errors import OutputError, UsageError
from workloads.parallel import ranks, signals

if TYPE_CHECKING:
    from workloads.bench.run import Job

# Other ranks may still be creating files in the folder that is being removed.
_ATTEMPTS = 10


def check(out: Path | None) -> None:
    """Refuse before the run a folder that cannot be made, or exists already.

    Raises
    ------
    UsageError
        On every rank, for such a folder.
    """
    if out is None:
        return
    if fault := ranks.by_first(lambda: _fault(out)):
        raise UsageError(f"--out {out}: {fault}", hint="give the name of a new folder")


def _fault(out: Path) -> str:
    if str(out) == STDOUT:
        return "the arrays are several files"
    try:
        if out.is_symlink() or out.exists():
            return "is there already"
        if not out.parent.is_dir():
            return f"there is no folder {out.parent}"
        with tempfile.TemporaryDirectory(dir=out.parent):
            return ""
    except OSError as error:
        return f"cannot be made ({error.strerror})"


@dataclass
class Place:
    """Where the arrays go.

    Parameters
    ----------
    out
        A folder that is made when something is written; None for a temporary
        folder.
    kept
        The techniques whose files are in `out`.
    """

    out: Path | None
    kept: list[str] = field(default_factory=list)

    @property
    def base(self) -> Path:
        """An existing folder on the filesystem that is written to."""
        return self.out.parent if self.out is not None else Path(tempfile.gettempdir())

    @contextlib.contextmanager
    def scratch(self, name: str, job: Job) -> Iterator[Path]:
        """Give a folder for one technique's files, the same one on every rank.

        It is removed afterwards.

        Parameters
        ----------
        name
            The technique.
        job
            The ranks, which call this together if they compute together.

        Raises
        ------
        OutputError
            When the folder cannot be made.
        UsageError
            When a rank does not see it.
        """
        unique = os.urandom(8).hex()
        path = job.agree(
            Path(tempfile.gettempdir()) / f"hpcpy-write-{unique}"
            if self.out is None
            else self.out.absolute() / f".{name}.{unique}"
        )
        done = False
        try:
            with signals.on_stop(lambda: self._abandon(path)):
                _agreed(job, _made(path, self.out) if job.first else "")
                if job.collective:
                    files.require_seen(path, "--out", job.computing)
                yield path
                done = True
        finally:
            # After a failure any rank may be the last one: each removes it.
            if job.first or not done:
                self.remove(path)

    def remove(self, path: Path) -> None:
        """Remove a folder that `scratch` made, and `out` if nothing is in it."""
        for _ in range(_ATTEMPTS):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                break
        if self.out is not None:
            with contextlib.suppress(OSError):
                self.out.rmdir()

    def _abandon(self, path: Path) -> None:
        # Renamed first, so that a half removed folder is never kept.
        self.remove(path.rename(path.with_name(f"{path.name}.stopped")))

    def keep(self, path: Path, name: str) -> None:
        """Move a technique's files to their place; remove those of later repetitions."""
        if self.out is None or name in self.kept:
            shutil.rmtree(path)
            return
        path.replace(self.out / name)
        self.kept.append(name)


def _made(path: Path, out: Path | None) -> str:
    """Make a folder; return why not, or an empty string."""
    try:
        if out is None:
            # Everybody can look into /tmp.
            path.mkdir(mode=0o700)
        else:
            out.mkdir(exist_ok=True)
            path.mkdir()
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def _agreed(job: Job, fault: str) -> None:
    fault = job.agree(fault)
    if fault:
        error = OutputError(fault)
        error.agreed = job.collective
        raise error
