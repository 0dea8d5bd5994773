"""What a talk is: the slides that compute something, and their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.talk.claims import Claim

# A technique and its workers.
Key = tuple[str, int]


@dataclass(frozen=True)
class Experiment:
    """One run of a workload, and what the slide shows of it.

    Parameters
    ----------
    words
        The words after ``python -m workloads``.
    told
        The slide's seconds by technique and workers; None where it has none.  The
        others are compared with the first.
    ranks
        MPI ranks that the run is started on.
    title
        What it computes, where a slide has several.
    environment
        Variables that it needs.
    times
        How many times as fast as the first, where the slide has this and no seconds.
    elsewhere
        The slide's rows that are not run here: why, and the command for where they can be.
    sha256
        The whole answer's, where the workload itself stores none or only a sample's.
    pythons
        Whether it is also run by other Pythons, which the user names.
    """

    words: tuple[str, ...]
    told: Mapping[Key, float | None]
    ranks: int = 1
    title: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[Key, float] = field(default_factory=dict)
    elsewhere: Mapping[Key, tuple[str, str]] = field(default_factory=dict)
    sha256: str = ""
    pythons: bool = False

    def keys(self, impl: str) -> list[Key]:
        """Return the slide's rows of a technique; python-3.10.4 is the slide's python-3.10."""
        return [key for key in self.told if f"{impl}.".startswith(f"{key[0]}.")]

    @property
    def counts(self) -> list[int]:
        """The numbers of workers that ``--scale`` asks for, ascending, if any."""
        words = dict(zip(self.words, self.words[1:], strict=False))
        return sorted(map(int, words["--scale"].split(","))) if "--scale" in words else []


@dataclass(frozen=True)
class Slide:
    """A slide that computes something.

    Parameters
    ----------
    number
        In the talk.
    title
        What it shows, in few words.
    lesson
        What to learn from it.
    experiments
        What is run.
    differs
        What is defined otherwise here: precision, generator, sizes.
    claims
        What the rows must show if the lesson holds.
    """

    number: int
    title: str
    lesson: str
    experiments: tuple[Experiment, ...]
    differs: str = ""
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Talk:
    """A talk.

    Parameters
    ----------
    title, source
        Its name, and where it is.
    machine
        What its figures were measured on.
    slides
        Those that compute something.
    """

    title: str
    source: str
    machine: str
    slides: tuple[Slide, ...]


def times(told: Mapping[str, float | None], workers: int = 1) -> dict[Key, float | None]:
    """Return seconds by technique and workers, with the same number of workers for all."""
    return {(name, workers): seconds for name, seconds in told.items()}


def scaled(name: str, told: Mapping[int, float | None]) -> dict[Key, float | None]:
    """Return one technique's seconds by technique and workers."""
    return {(name, workers): seconds for workers, seconds in told.items()}
