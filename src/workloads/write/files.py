"""Where the arrays go: a folder, or a file of all ranks, has its name only when it is whole.

A technique writes into a folder of its own with a temporary name, which gets
the technique's name when all its files are there and right.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import cleanup, ranks, signals
from hpcpy_common.errors import DiskError, UsageError
from hpcpy_common.files import unfinished

if TYPE_CHECKING:
    from workloads.bench.workload import Technique, Trial

# What chooses the folder.
OPTIONS = "--out or TMPDIR"
_MORE_ROOM = 1 << 20
# How long a rank that is stopped leaves a file to the others, less than they live on.
_PASSED_SECONDS = 0.5
# Errors in the system's words, as HDF5's texts and MPI-IO's have them within; two in ROMIO's own.
_WORDS = {os.strerror(number): number for number in errno.errorcode}
_WORDS |= {"File does not exist": errno.ENOENT, "Access denied to file": errno.EACCES}
_HINTS: dict[int | None, str] = {
    errno.EFBIG: "see ulimit -f",
    errno.ENOENT: "is the folder still there, and on every node?",
}


@contextlib.contextmanager
def output_errors(path: Path, option: str = OPTIONS, written: Path | None = None) -> Iterator[None]:
    """Turn the system's error into a DiskError that names `path` and the next step.

    Of errors without a reason, those of NumPy and MPI, the folder that is `written` tells it.
    """
    try:
        yield
    except (BrokenExecutor, BlockingIOError):  # a killed worker, no room for a process
        raise
    except (OSError, RuntimeError) as error:
        number: int | None = getattr(error, "errno", None)
        number = number or next((_WORDS[words] for words in _WORDS if words in str(error)), None)
        number = number or (lacks(written) if written else None)
        # h5py's own text names offsets and addresses.
        reason = os.strerror(number) if number else " ".join(str(error).split())
        hint = _HINTS.get(number, f"choose another folder with {option}")
        name = path.absolute() if path.is_dir() else path.name
        raised = DiskError(f"{name}: {reason}", hint=hint)
        # MPI-IO has one rank write for all: the others learn that it failed, and not why.
        raised.follows = number is None
        raise raised from error


def lacks(folder: Path) -> int | None:
    """Return the system's error for a little more in a folder than it has, or None."""
    try:
        most = max((path.stat().st_size for path in folder.iterdir()), default=0)
        with tempfile.TemporaryFile(dir=folder) as more:
            more.seek(most)
            more.write(bytes(_MORE_ROOM))
    except FileNotFoundError:  # another rank has failed, and removed it
        return None
    except OSError as error:
        return error.errno
    return None


def careful_hdf5(technique: Technique) -> contextlib.AbstractContextManager[None]:
    """Have HDF5's files tell of a full disk, if a technique has such files."""
    if "h5py" not in technique.needs:
        return contextlib.nullcontext()
    from workloads.write import hdf5_files  # noqa: PLC0415

    return hdf5_files.careful(by_ranks=technique.parallel == "ranks")


@contextlib.contextmanager
def opening() -> Iterator[list[float]]:
    """Give the seconds of each call of `open` in the block: the talk asks for their share."""
    own, seconds = builtins.open, list[float]()

    def timed(*words: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        file = own(*words, **options)
        seconds.append(time.perf_counter() - begin)
        return file

    setattr(builtins, "open", timed)  # noqa: B010
    try:
        yield seconds
    finally:
        setattr(builtins, "open", own)  # noqa: B010


@contextlib.contextmanager
def replaced_by_all(path: Path, option: str, comm: Any, size: int) -> Iterator[Path]:
    """Give all ranks the name of a new file; when all are done, a rename makes it `path`."""
    is_first = comm.rank == 0
    # Before room is asked for: a killed run has left as much.
    new = unfinished(path) if is_first else path
    with output_errors(path, option):
        fault = _no_room(path, size) if is_first else ""
    fault, new = comm.bcast((fault, new))
    if fault:
        raise DiskError(f"{option} {path}: {fault}")
    try:
        # Every rank removes it: one that is stopped ends the others before they can.
        with cleanup.on_stop(new.unlink), output_errors(path, option):
            comm.Barrier()
            yield new
            # A rank that is stopped does not come here: nothing half written is renamed.
            comm.Barrier()
            if is_first:
                _sync(new)
                new.replace(path)
                _sync(path.parent)
    except BaseException as error:
        # A rank that is stopped leaves the file for a moment to others, which create or open
        # it. One that fails may miss the file for that reason: it lets the other end it first.
        time.sleep(_PASSED_SECONDS if signals.asked() else signals.SECONDS)
        with contextlib.suppress(OSError):
            new.unlink()
        # HDF5 drops a stop's exception, and then misses the file that the stop has removed.
        if signals.asked():
            raise KeyboardInterrupt from error
        raise


def _no_room(path: Path, size: int) -> str:
    """Return why a file of this size has no room, or an empty string.

    Asked before: of a disk that is full while all ranks write HDF5 does not recover.
    """
    free = shutil.disk_usage(path.parent).free
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if free < size:
        return f"{size / 1e6:,.1f} MB are needed at most, and {free / 1e6:,.1f} are free"
    return "" if limit < 0 or size < limit else f"the limit of a file's size is {limit:,} bytes"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def check(out: Path | None) -> None:
    """Refuse on every rank, before the run, a folder that exists or cannot be made.

    And a TMPDIR that is none: in silence, figures would be of another disk.
    """
    temporary = os.environ.get("TMPDIR")
    if out is None and temporary and not os.access(temporary, os.W_OK | os.X_OK):
        hint = "in a container it must be bound; or unset it"
        raise UsageError(f"TMPDIR={temporary}: is no folder that you can write to", hint=hint)

    def look() -> None:
        if out is not None:
            out.mkdir()
            out.rmdir()

    try:
        ranks.by_first(look)
    except OSError as error:
        hint = "give the name of a new folder"
        raise UsageError(f"--out {out}: {error.strerror}", hint=hint) from error


@dataclass
class Place:
    """A folder that is made for what is complete; without `out` all goes when it is read back."""

    out: Path | None
    # The techniques whose files are in `out`.
    kept: list[str] = field(default_factory=list)

    @property
    def base(self) -> Path:
        """An existing folder on the file system that is written to."""
        return self.out.parent if self.out is not None else Path(tempfile.gettempdir())

    @contextlib.contextmanager
    def scratch(self, trial: Trial) -> Iterator[Path]:
        """Give a folder for one technique's files, the same one on every rank; then remove it."""
        path, comm = self.base / f".write-{trial.name}-{os.urandom(8).hex()}", trial.comm
        if comm is not None:
            path = comm.bcast(path)
        try:
            with cleanup.on_stop(lambda: _remove(path)):
                if trial.is_first:
                    with output_errors(self.base):
                        # Everybody can look into /tmp.
                        path.mkdir(mode=0o700)
                if comm is not None:
                    comm.Barrier()
                    _require_seen(path, "--out", comm)
                yield path
        except BaseException as error:
            # The first rank that cannot write removes the folder, which others then miss.
            is_missed = isinstance(error.__cause__, FileNotFoundError)
            if not _remove(path) and isinstance(error, DiskError) and is_missed:
                error.follows = comm is not None
            raise
        if trial.is_first:
            shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def watched(self, folder: Path, trial: Trial) -> Iterator[None]:
        """Have a technique tell that it cannot write, and why: its library may not."""
        with output_errors(self.base, written=folder), careful_hdf5(trial.technique):
            yield

    def require_room(self, folder: Path) -> None:
        """Raise a DiskError where a folder has no room for a little more than is in it."""
        if error := lacks(folder):
            with output_errors(self.base):
                raise OSError(error, os.strerror(error))

    def keep(self, path: Path, name: str) -> None:
        """Move a technique's files to their place; remove those of later repetitions."""
        with output_errors(self.base):
            if self.out is None or name in self.kept:
                shutil.rmtree(path)
            else:
                self.out.mkdir(exist_ok=True)
                try:
                    path.replace(self.out / name)
                except OSError:
                    with contextlib.suppress(OSError):  # it has what others have written
                        self.out.rmdir()
                    raise
                self.kept.append(name)


def _require_seen(folder: Path, option: str, comm: Any) -> None:
    """Raise a UsageError on every rank when one does not see a folder that another has made."""
    nodes = comm.allgather("" if folder.is_dir() else os.uname().nodename)
    if blind := sorted({*filter(None, nodes)}):
        raise UsageError(
            f"{folder}: not seen by the ranks on {', '.join(blind)}",
            hint=f"give {option} a folder that all nodes share",
        )


def _remove(path: Path) -> bool:
    """Remove a folder that other ranks may write to; return whether this process has done it."""
    try:
        path = path.rename(path.with_name(f"{path.name}.stopped"))
    except OSError:
        return False
    shutil.rmtree(path, ignore_errors=True)
    return True
