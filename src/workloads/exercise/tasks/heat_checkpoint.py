"""A checkpoint that is whole whenever the program is killed."""

from __future__ import annotations

import contextlib
import itertools
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workloads.exercise.judging import difference
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="heat mpi-checkpoint", function="save", second="save_two")


def judge(module: Any) -> str:
    import numpy as np

    # Not where the module tempfile makes files, as on a cluster.
    path = Path(tempfile.mkdtemp()) / "plate.npy"
    old, field = np.zeros(8), np.arange(4096.0)
    np.save(path, old)
    opened, gone, moved = _watched(path)
    has_failed = _on_full_disk(lambda: module.save(str(path), field))
    # Only then is a file complete that could be copied to its place.
    was_kept = path.exists() and path.stat().st_size == old.nbytes + 128
    if was_kept and has_failed:
        module.save(str(path), field)
    checks = {
        "the old checkpoint was opened for writing: killed then, the program has none": opened,
        "after a full disk the old checkpoint is gone: replace it when the new one is whole": (
            not was_kept
        ),
        "the disk was full, and save ended as if it were not: let the error go on": not has_failed,
        f"{''.join(gone[:1])} leaves a moment without a checkpoint at path": gone,
        "the new file was in another folder: from another disk it cannot take the name": (
            moved - {path.parent.resolve()}
        ),
    }
    wrong = next((message for message, is_wrong in checks.items() if is_wrong), "")
    return wrong or _wrong_files(path, field)


def _watched(path: Path) -> tuple[list[str], list[str], set[Path]]:
    """Note from now on what opens or removes a file, and from which folders others are moved."""
    opened, gone, moved = list[str](), list[str](), set[Path]()

    def audit(event: str, args: tuple[Any, ...]) -> None:
        is_checkpoint = bool(args) and str(args[0]) == str(path)
        if event == "open" and is_checkpoint and "w" in str(args[1] or ""):
            opened.append(event)
        elif event in ("os.rename", "os.remove") and is_checkpoint:
            gone.append(event)
        elif event == "os.rename":
            moved.add(Path(str(args[0])).resolve().parent)

    sys.addaudithook(audit)
    return opened, gone, moved


def _on_full_disk(call: Callable[[], object]) -> bool:
    """Whether a call fails where no file can have more than 8 KiB, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        call()
    except OSError:
        return True
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    return False


def _wrong_files(path: Path, field: Any) -> str:
    import numpy as np

    if wrong := difference(np.load(path), field, "save"):
        return f"the file is not the field: {wrong}"
    for left in path.parent.glob("*plate*"):
        if left != path and left.stat().st_size > field.nbytes:
            return f"{left.name} is left beside the checkpoint"
    return ""


def judge_second(module: Any) -> str:
    import numpy as np

    path = Path(tempfile.gettempdir()) / "two.npy"
    _, gone, _ = _watched(path)
    for number in range(3):
        module.save_two(str(path), np.full(4, float(number)))
    if gone:
        return f"{gone[0]} leaves a moment without a checkpoint at path"
    return _wrong_two(path, 2) or _after_interruptions(module, path)


def _wrong_two(path: Path, last: int) -> str:
    """Say what is wrong with the two checkpoints after some saves, each of its number."""
    import numpy as np

    for name, want in (path, last), (path.with_name("two.npy.before"), last - 1):
        if not name.exists():
            return f"there is no {name.name}"
        if wrong := difference(np.load(name), np.full(4, float(want)), "save_two"):
            return f"{name.name} is not the one of save {want}: {wrong}"
    return ""


def _after_interruptions(module: Any, path: Path) -> str:
    """Interrupt a save before its first use of a file, the next before its second, and so on."""
    import numpy as np

    left, last = 0, 2

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if left and (event == "open" or event.startswith("os.")) and path.name in str(args[:2]):
            left -= 1
            if not left:
                raise KeyboardInterrupt

    sys.addaudithook(audit)
    for use in itertools.count(1):
        left = use
        with contextlib.suppress(KeyboardInterrupt):
            module.save_two(str(path), np.full(4, float(last + 1)))
        is_through, left = left > 0, 0
        if is_through:
            return ""
        if not path.exists():
            return "there is no checkpoint at path after a save that was interrupted"
        try:
            for _ in range(2):
                last += 1
                module.save_two(str(path), np.full(4, float(last)))
        except OSError as error:
            reason = f"{type(error).__name__}: {error.strerror}"
            return f"after a save that was interrupted another one fails: {reason}"
        if wrong := _wrong_two(path, last):
            return f"after a save that was interrupted and two more {wrong}"
    return ""
