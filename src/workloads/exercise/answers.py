"""Whose files a check is about: of a class's folder, or as they are given."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hpcpy_common.errors import UsageError
from workloads.exercise.tasks import NAMES

# How deep below a class's folder answers may lie: a student's folder, a day's, a topic's.
_DEEPEST = 8
_PACKAGES = {"site-packages", "__pycache__", "node_modules"}
_ENDINGS = {".py", ".ipynb"}
_LETTERS = {name.replace("-", ""): name for name in NAMES}
_UNREADABLE, _LINK, _NONE = "unreadable", "link", "none"
# In place of an exercise, and why nothing is checked: a class's page has each student.
UNCHECKED = {
    _UNREADABLE: os.strerror(errno.EACCES),
    _LINK: "a link, which is not followed: give what it leads to",
    _NONE: "no .py or .ipynb there has an exercise's name",
}


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

    In a class's folder those files count whose names tell the exercise. A file that is given itself
    may have any name where the exercise is given, too.
    """
    files = [path for path in paths if not path.is_dir()]
    names = [exercise or exercise_of(file) or file.stem for file in files]
    wanted = NAMES if exercise is None else (exercise,)
    to_check = [*map(Answer, files, names, _students(files, names))]
    given = {file.resolve() for file in files}
    folders = [*dict.fromkeys(path for path in paths if path.is_dir())]
    for folder in folders:
        below = [*_below(folder, wanted)]
        if all(answer.exercise == _NONE for answer in below):
            hint = "ann/heat_halo.py in it is ann's heat-halo"
            raise UsageError(f"--check {folder}: {UNCHECKED[_NONE]}", hint=hint)
        # Of several classes each has students of its own.
        whose = f"{folder}/" if len(folders) > 1 else ""
        new = [each for each in below if each.file.resolve() not in given]
        to_check += [each._replace(student=whose + each.student) for each in new]
        given.update(each.file.resolve() for each in new if not each.file.is_symlink())
    return to_check


def exercise_of(file: Path) -> str:
    """Return the exercise whose name a file's has, with whatever else: "heat_halo (1)"."""
    letters = re.sub(r"[\W_]", "", file.stem.lower())
    return next((name for each, name in _LETTERS.items() if each in letters), "")


def _below(folder: Path, wanted: Sequence[str]) -> Iterator[Answer]:
    """Give the answers of a class's folder, and each student who has none.

    The first folder below it is the student's.
    """
    unreadable: list[Path] = []
    whose = folder.resolve().name
    students, found = set[str](), set[str]()
    walk = os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename)))
    for top, folders, names in walk:
        place = Path(top)
        parts = place.relative_to(folder).parts
        # Editors and notebooks keep copies in hidden folders.
        folders[:] = sorted(each for each in folders if each[0] != "." and each not in _PACKAGES)
        own = [place / each for each in sorted(names) if each[0] != "."]
        if not parts:
            # A link that leads nowhere may be meant for a student's folder.
            links = (each for each in own if each.is_symlink() and not each.exists())
            students.update(folders, (each.name for each in links))
        if len(parts) == _DEEPEST:
            folders.clear()
        for file in own:
            exercise = exercise_of(file)
            if exercise in wanted and file.suffix.lower() in _ENDINGS:
                answer = Answer(file, exercise, (*parts, whose)[0])
                found.update((answer.student, file.name))
                yield answer
    for path in unreadable:
        student = (*path.relative_to(folder).parts, whose)[0]
        found.add(student)
        yield Answer(path, _UNREADABLE, student)
    for student in sorted(students - found):
        kind = _LINK if (folder / student).is_symlink() else _NONE
        yield Answer(folder / student, kind, student)


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
