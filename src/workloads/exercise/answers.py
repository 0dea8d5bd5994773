"""Whose files a check is about: of a class's folder, or as they are given."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hpcpy_common.errors import UsageError
from workloads.exercise.tasks import NAMES

# Folders below a class's: a student's own, and a day's or a topic's in it. Answers that lie
# deeper are listed.
_DEPTH = 3
_DEPTH_LISTED = 8
_PACKAGES = {"site-packages", "__pycache__", "node_modules"}
# Besides .py: how an editor, a notebook, or a system that hides endings may name an answer.
_ENDINGS = {"", ".txt", ".ipynb"}
_LETTERS = {name.replace("-", ""): name for name in NAMES}
# How much of its letters a name shares with an exercise that was meant: heat_slice.
_NEAR = 0.85
_UNREADABLE, _LINK, _NOWHERE, _DEEP, _NONE = "unreadable", "link", "nowhere", "deep", "none"
# In place of an exercise, and why nothing is checked: a class's page has each student.
UNCHECKED = {
    _UNREADABLE: os.strerror(errno.EACCES),
    _LINK: "a link to a folder, which is not followed: give that folder",
    _NOWHERE: "a link that leads nowhere",
    _DEEP: f"more than {_DEPTH} folders below the class's: give that file",
    _NONE: "no file there is named as an exercise",
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

    In a class's folder there is one for each student, and those files count whose names tell the
    exercise; those whose names nearly do are in the list, too. A file that is given itself may have
    any name where the exercise is given, too.
    """
    files = [path for path in paths if not path.is_dir()]
    names = [exercise or _exercise(file) for file in files]
    wanted = NAMES if exercise is None else (exercise,)
    to_check = [*map(Answer, files, names, _students(files, names))]
    given = {file.resolve() for file in files}
    by_folder: dict[Path, list[Answer]] = {}
    seen = set[str]()
    for folder in (path for path in paths if path.is_dir()):
        below = [*_below(folder, wanted)]
        if all(answer.exercise == _NONE for answer in below):
            hint = "ann/heat_halo.py in it is ann's heat-halo"
            raise UsageError(f"--check {folder}: no file there is named as an exercise", hint=hint)
        for answer in below:
            place = os.path.abspath(answer.file)  # noqa: PTH100  (a link is a student's own)
            if answer.file.resolve() not in given and place not in seen:
                by_folder.setdefault(folder, []).append(answer)
            seen.add(place)
    return to_check + _apart(by_folder)


def _apart(by_folder: dict[Path, list[Answer]]) -> list[Answer]:
    """Return the answers of all classes; students of one name in two of them are two."""
    names = Counter(
        student for below in by_folder.values() for student in {each.student for each in below}
    )
    return [
        answer._replace(student=f"{folder}/{answer.student}")
        if names[answer.student] > 1
        else answer
        for folder, below in by_folder.items()
        for answer in below
    ]


def nearest(name: str) -> str:
    """Return the exercise that a file's name tells nearly; "" if none is like it."""
    letters = re.sub(r"[\W_]", "", name.lower())
    if within := [each for each in _LETTERS if each in letters]:
        return _LETTERS[max(within, key=len)]
    stem = re.sub(r"[\W_]", "", name.lower().partition(".")[0])
    close = difflib.get_close_matches(stem, _LETTERS, 1, _NEAR)
    return _LETTERS[close[0]] if close else ""


def _exercise(file: Path) -> str:
    """Return the exercise that a name tells, also as a browser or a notebook names a copy."""
    return re.sub(r"( ?\(\d+\)|-Copy\d+)$", "", file.stem).replace("_", "-")


def _below(folder: Path, wanted: Sequence[str]) -> Iterator[Answer]:
    """Give the answers of a class's folder; the first folder below it is the student's.

    What is nearly named as one is among them, and so is a student who has none.
    """
    unreadable: list[Path] = []
    whose = folder.resolve().name
    students, found = set[str](), set[str]()
    walk = os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename)))
    for top, folders, names in walk:
        parts = Path(top).relative_to(folder).parts
        # Editors and notebooks keep copies in hidden folders.
        inner = sorted(each for each in folders if not each.startswith("."))
        folders[:] = [each for each in inner if each not in _PACKAGES]
        if len(parts) == _DEPTH_LISTED:
            folders.clear()
        if not parts:
            students.update(folders)
            links = [Path(top, each) for each in sorted({*folders, *names}) if each[0] != "."]
            for link in filter(Path.is_symlink, links):
                if link.is_dir() or not (link.exists() or _told(link, wanted)):
                    found.add(link.name)
                    yield Answer(link, _LINK if link.is_dir() else _NOWHERE, link.name)
        for name in sorted(names):
            if exercise := _told(Path(top, name), wanted, is_deep=len(parts) > _DEPTH):
                answer = Answer(Path(top, name), exercise, (*parts, whose)[0])
                found.add(answer.student)
                yield answer
    for path in unreadable:
        student = (*path.relative_to(folder).parts, whose)[0]
        found.add(student)
        yield Answer(path, _UNREADABLE, student)
    for student in sorted(students - found):
        yield Answer(folder / student, _NONE, student)


def _told(file: Path, wanted: Sequence[str], *, is_deep: bool = False) -> str:
    """Return what stands for the exercise of a class's file; "" for what is no answer."""
    exercise = _exercise(file)
    if nearest(file.name) not in wanted:
        return ""
    if is_deep:
        return _DEEP if file.suffix.lower() == ".py" and exercise in wanted else ""
    if file.suffix.lower() == ".py":
        return exercise
    return f"{file.name} (no .py)" if file.suffix.lower() in _ENDINGS else ""


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
