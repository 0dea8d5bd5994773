"""The talks there are; adding one is a module with TALK and a line here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from workloads.errors import UsageError

if TYPE_CHECKING:
    from workloads.talk.slides import Slide, Talk

TALKS = {
    "nih": "workloads.talk.nih",
    "usc": "workloads.talk.usc",
    "nersc": "workloads.talk.nersc",
}


def talk(name: str) -> Talk:
    """Return a talk.

    Raises
    ------
    UsageError
        When there is none of this name.
    """
    if name not in TALKS:
        raise UsageError(f"no talk {name!r}", hint=f"one of: {', '.join(TALKS)}")
    found: Talk = importlib.import_module(TALKS[name]).TALK
    return found


def slide(name: str, number: int) -> Slide:
    """Return a slide of a talk.

    Raises
    ------
    UsageError
        When it has none of this number that computes something.
    """
    slides = {each.number: each for each in talk(name).slides}
    if number not in slides:
        known = ", ".join(map(str, slides))
        raise UsageError(f"{name} {number}: no slide that computes something", hint=known)
    return slides[number]
