"""A slide that compares Pythons: those that the user names, beside this one."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace

from workloads.errors import UsageError
from workloads.pi import others
from workloads.talk.claims import Claim, faster
from workloads.talk.slides import Experiment, Key, Slide

_VERSION = re.compile(r"python-(\d+)\.(\d+)")


def beside(slides: Sequence[Slide], files: Sequence[str]) -> list[Slide]:
    """Return slides, of which those that compare Pythons are run by other Pythons, too.

    Parameters
    ----------
    slides
        The slides that are to run.
    files
        The other Pythons.

    Raises
    ------
    UsageError
        When a file is no Python, or no slide compares Pythons.
    """
    if not files:
        return [*slides]
    if not any(one.pythons for slide in slides for one in slide.experiments):
        raise UsageError("--python: no slide that is run compares Pythons", hint="nersc 8 does")
    # Without the rows of threads without a GIL: the slide is not about them.
    rows = [row for row in others.named(files) if _VERSION.match(row)]
    return [_with(slide, rows, files) for slide in slides]


def _with(slide: Slide, rows: Sequence[str], files: Sequence[str]) -> Slide:
    meant = [one for one in slide.experiments if one.pythons]
    if not meant:
        return slide
    given = [word for file in files for word in ("--python", file)]
    changed = []
    for one in slide.experiments:
        words = [*one.words, *given]
        at = words.index("--impl") + 1
        words[at] = ",".join([*rows, words[at]])
        changed.append(replace(one, words=tuple(words)) if one.pythons else one)
    claims = tuple(claim for row in rows for claim in _claims(meant[0], row))
    return replace(slide, experiments=tuple(changed), claims=claims or slide.claims)


def _claims(experiment: Experiment, row: str) -> list[Claim]:
    """Claim that the newer of two versions is faster; claim nothing of equal versions."""
    found = _VERSION.match(row)
    version = tuple(map(int, found.groups())) if found else ()
    key: Key = next(iter(experiment.keys(row)), (row, 1))
    here: Key = ("python", 1)
    if version == sys.version_info[:2]:
        return []
    return [faster(key, here) if version < sys.version_info[:2] else faster(here, key)]
