"""What a talk is: slides that compute something, and their figures; the talks there are."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workloads.registry import WORKLOADS

if TYPE_CHECKING:
    from workloads.bench.workload import Technique
    from workloads.talk.claims import Claim

# Adding a talk is a module with TALK and its name here.
TALKS = ("nih", "usc", "nersc")


@dataclass(frozen=True)
class Experiment:
    """One run of a workload, and what the slide shows of it."""

    command: str  # what follows ``python -m workloads``
    # The slide's rows: a technique, and its workers if several, as in ``threads 4``; its
    # seconds, or None where the slide has none.  The others are compared with the first.
    figures: Mapping[str, float | None]
    title: str = ""  # what it computes, where a slide has several
    ranks: int = 1  # of MPI, that the run is started on
    environment: Mapping[str, str] = field(default_factory=dict)  # variables that it needs
    are_gains: bool = False  # the figures are times as fast as the first, and not seconds
    elsewhere: tuple[str, str] | None = None  # why rows do not run here, and the command there
    sha256: str = ""  # the whole answer's, where the workload stores none or only a sample's
    pythons: bool = False  # it is also run by another Python, which the user names
    # What a later notebook of the talk has for the same rows, and the years of both.
    later: Mapping[str, float | None] = field(default_factory=dict)
    years: tuple[str, str] = ("", "")

    @property
    def workload(self) -> str:
        """The workload that computes it."""
        return self.command.partition(" ")[0]

    @property
    def techniques(self) -> dict[str, Technique]:
        """The techniques of the slide, as far as the workload's registry has them."""
        package = WORKLOADS[self.workload][0].rpartition(".")[0]
        known = importlib.import_module(f"{package}.registry").TECHNIQUES
        names = [key.split()[0] for key in self.figures]
        return {name: known[name] for name in names if name in known}

    @property
    def typed(self) -> str:
        """What a user types for it."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return " ".join([*variables, *self.program("python")])

    def program(self, python: str) -> list[str]:
        """Return the words of its command line, with mpiexec for several ranks."""
        start = ["mpiexec", "-n", str(self.ranks)] if self.ranks > 1 else []
        return [*start, python, "-m", "workloads", *shlex.split(self.command)]

    def by(self, options: str) -> Experiment:
        """Return the same with other options in place of ``--impl``."""
        return replace(self, command=re.sub(r"--impl \S+", lambda _: options, self.command))

    def with_python(self, file: str | None) -> Experiment:
        """Return the same with another Python beside this one, if it compares them."""
        return self.by(f"--python {shlex.quote(file)}") if file and self.pythons else self


class Slide:
    """A slide: the lesson, what is run, what the rows show if the lesson holds.

    `differs` is what is defined otherwise here: precision, generator, sizes. `profiled` is a
    run of which a page shows the hottest lines.
    """

    def __init__(
        self,
        title: str,
        lesson: str,
        *experiments: Experiment,
        claims: Sequence[Claim],
        differs: str = "",
        profiled: str = "",
    ) -> None:
        self.title, self.lesson, self.differs = title, lesson, differs
        self.profiled = profiled
        self.experiments, self.claims = experiments, claims


@dataclass(frozen=True)
class Talk:
    """A talk: its name, where it is, what its figures were measured on, its slides by number."""

    title: str
    source: str
    machine: str
    slides: Mapping[int, Slide]


def talk(name: str) -> Talk:
    """Return a talk."""
    made: Talk = importlib.import_module(f"workloads.talk.{name}").TALK
    return made


def by_workers(name: str, figures: Mapping[int, float | None]) -> dict[str, float | None]:
    """Return one technique's figures by number of workers as an experiment has them."""
    return {name if n == 1 else f"{name} {n}": figure for n, figure in figures.items()}
