"""Where the arrays go: a folder or file has its name only when it is whole.

A technique writes into a folder of its own with a temporary name, which gets
the technique's name when all its files are there and right.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workloads.bench.files import require_seen
from workloads.bench.run import Job
from workloads.errors import OutputError, UsageError
from workloads.parallel import ranks, signals

# The file of the techniques that make only one, and the name of its dataset.
HDF5 = "arrays.h5"
RAW = "arrays.raw"
DATASET = "arrays"
_HINTS: dict[int | None, str] = {
    errno.EFBIG: "see ulimit -f",
    errno.ENOENT: "is the folder still there, and on every node?",
}
# A rank that cannot write gives another, which failed before, so long to end all.
OTHER_SECONDS = 3.0


def array_name(t: int) -> str:
    """Return the name of array `t`: six digits, so that names sort as numbers."""
    return f"array-{t:06d}"


def temporary(path: Path) -> Path:
    """Return the name of a file that is not complete."""
    return path.with_name(f".{path.name}.part")


@contextlib.contextmanager
def completed(path: Path) -> Iterator[Path]:
    """Give a temporary name; rename it to `path` when the file is complete."""
    with output_errors(path):
        yield temporary(path)
        temporary(path).replace(path)


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the system's error into an OutputError that names `path` and the next step."""
    try:
        yield
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> OutputError:
    """Return the error for a file or folder that could not be written, with the next step."""
    # h5py's own text names offsets and addresses.
    reason = os.strerror(error.errno) if error.errno else str(error)
    hint = _HINTS.get(error.errno, "choose another folder with --out or TMPDIR")
    return OutputError(f"{path.name}: {reason}", hint=hint)


def check(out: Path | None) -> None:
    """Refuse on every rank, before the run, a folder that exists or cannot be made."""
    if out is not None and (fault := ranks.by_first(lambda: _fault(out))):
        raise UsageError(f"--out {out}: {fault}", hint="give the name of a new folder")


def _fault(out: Path) -> str:
    if str(out) == "-":
        return "the arrays are several files"
    if not out.parent.is_dir():
        return f"there is no folder {out.parent}"
    try:
        out.mkdir()
        out.rmdir()
    except FileExistsError:
        return "is there already"
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    return ""


@dataclass
class Place:
    """A folder that is made when something is written; without `out` a temporary one."""

    out: Path | None
    # The techniques whose files are in `out`.
    kept: list[str] = field(default_factory=list)

    @property
    def base(self) -> Path:
        """An existing folder on the file system that is written to."""
        return self.out.parent if self.out is not None else Path(tempfile.gettempdir())

    @contextlib.contextmanager
    def scratch(self, name: str, job: Job) -> Iterator[Path]:
        """Give a folder for one technique's files, the same one on every rank; then remove it.

        The first rank that cannot write raises at once, and so ends the others.
        """
        unique = os.urandom(8).hex()
        path = job.agree(
            self.base / f"hpcpy-write-{unique}"
            if self.out is None
            else self.out.absolute() / f".{name}.{unique}"
        )
        done = False
        try:
            with signals.on_stop(lambda: self._remove(path)):
                if job.first:
                    self._make(path)
                if job.collective:
                    job.computing.Barrier()
                    require_seen(path, "--out", job.computing)
                yield path
                done = True
        except OutputError:
            if not self._remove(path, is_first=job.first) and job.collective:
                time.sleep(OTHER_SECONDS)
            raise
        finally:
            if not done:
                # Any rank may be the last one.
                self._remove(path)
            elif job.first:
                self._clear(path)

    def _make(self, path: Path) -> None:
        with output_errors(path):
            if self.out is not None:
                self.out.mkdir(exist_ok=True)
            # Everybody can look into /tmp.
            path.mkdir(mode=0o700 if self.out is None else 0o777)

    def _remove(self, path: Path, *, is_first: bool = True) -> bool:
        """Remove a folder; return whether this process is to say why: only one can rename it."""
        can_rename = True
        try:
            path = path.rename(path.with_name(f"{path.name}.stopped"))
        except FileNotFoundError:
            return False
        except OSError:
            can_rename = False
        self._clear(path)
        return can_rename or is_first

    def _clear(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)
        if self.out is not None:
            with contextlib.suppress(OSError):
                self.out.rmdir()

    def keep(self, path: Path, name: str) -> None:
        """Move a technique's files to their place; remove those of later repetitions."""
        with output_errors(path):
            if self.out is None or name in self.kept:
                shutil.rmtree(path)
            else:
                path.replace(self.out / name)
                self.kept.append(name)
