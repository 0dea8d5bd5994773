"""Whose files a check is about: of a class's folder, or as they are given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hpcpy_common.errors import UsageError
from workloads.exercise.tasks import NAMES

# Of folders below a class's: a student's own, and a day's or a topic's in it. An environment's
# packages lie deeper.
_DEPTH = 3
# In place of an exercise: a folder whose files the teacher cannot see.
UNREADABLE = "unreadable"


def printable(text: str) -> str:
    """Return a student's text without what would move a terminal's cursor, or colour it."""
    return "".join(each if each.isprintable() else "?" for each in text)


class Answer(NamedTuple):
    """A file to check, the exercise that its name tells, and the student."""

    file: Path
    exercise: str
    student: str

    @property
    def changed(self) -> str:
        """When the file was written last; an empty text if it is not there."""
        try:
            seconds = self.file.stat().st_mtime
        except OSError:
            return ""
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def answers(paths: Sequence[Path], exercise: str | None) -> list[Answer]:
    """Return the files to check, of all exercises or of one.

    In a class's folder there is one for each student, and those files count whose names tell the
    exercise; those whose names nearly do are in the list, too. A file that is given itself may have
    any name where the exercise is given, too.
    """
    files = [path for path in paths if not path.is_dir()]
    names = [exercise or _exercise(file) for file in files]
    wanted = NAMES if exercise is None else (exercise,)
    to_check = [*map(Answer, files, names, _students(files, names))]
    given = {file.resolve() for file in files}
    for folder in (path for path in paths if path.is_dir()):
        below = [answer for answer in _below(folder) if _counts(answer.exercise, wanted)]
        if not below:
            hint = "ann/heat_halo.py in it is ann's heat-halo"
            raise UsageError(f"--check {folder}: no file there is named as an exercise", hint=hint)
        to_check += [answer for answer in below if answer.file.resolve() not in given]
    return to_check


def _exercise(file: Path) -> str:
    """Return the exercise that a name tells, also as a browser or a notebook names a copy."""
    return re.sub(r"( ?\(\d+\)|-Copy\d+)$", "", file.stem).replace("_", "-")


def _counts(name: str, wanted: Sequence[str]) -> bool:
    """Whether a file of this name is an answer, or nearly named as one, which is said."""
    letters = re.sub(r"\W", "", name.lower())
    return name == UNREADABLE or any(each.replace("-", "") in letters for each in wanted)


def _below(folder: Path) -> Iterator[Answer]:
    """Give the Python files of a class's folder; the first folder below it is the student's."""
    unreadable: list[Path] = []
    walk = os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename)))
    for top, folders, names in walk:
        parts = Path(top).relative_to(folder).parts
        # Editors and notebooks keep copies in hidden folders.
        inner = sorted(each for each in folders if not each.startswith("."))
        folders[:] = inner if len(parts) < _DEPTH else []
        for name in sorted(name for name in names if name.lower().endswith(".py")):
            file = Path(top, name)
            yield Answer(file, _exercise(file), (*parts, folder.resolve().name)[0])
    for path in unreadable:
        student = (*path.relative_to(folder).parts, folder.resolve().name)[0]
        yield Answer(path, UNREADABLE, student)


def _students(files: Sequence[Path], names: Sequence[str]) -> list[str]:
    """Return who has written each file: the first folder in which their paths differ.

    Where one would have two answers to an exercise, as with a folder for each day, it is the
    whole folder.
    """
    if not files:
        return []
    paths = [file.absolute() for file in files]
    common = os.path.commonpath([path.parent for path in paths])
    folders = [path.parent.relative_to(common) for path in paths]
    first = [(*folder.parts, ".")[0] for folder in folders]
    is_clear = len({*zip(first, names, strict=True)}) == len(files)
    return first if is_clear else [*map(str, folders)]
