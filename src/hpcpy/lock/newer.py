"""Find newer versions of a pin, and whether they can be fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hpcpy.fetch.download import LastingError, PassingError
from hpcpy.lock.ask import Questions
from hpcpy.pins.versions import newer, same_series

# How many versions of a series are tried when they cannot be fetched.
_TRIES = 4


@dataclass(frozen=True)
class Newer:
    """A version after the pinned one.

    Attributes
    ----------
    version
        As the registry names it.
    url
        The file to take; empty where it has none for this pin.
    refusal
        Why it cannot be fetched; empty when it can.
    """

    version: str
    url: str
    refusal: str


@dataclass
class Pin:
    """One pin of ``env/``.

    Attributes
    ----------
    lock, name, version
        The pin's file, without its suffix, and what it says.
    offers
        Asks the pin's registries: version to the file to take, empty where
        there is none for this pin.
    order
        Gives those of some versions that are after one, the newest first.
    asked
        The requirement that bounds its version, such as ``mpich<5``.
    found
        What is newer: the newest version of the pin's series and the newest
        of all, and before each those that cannot be fetched.
    unknown
        Why no registry could be asked; empty when one was.
    """

    lock: str
    name: str
    version: str
    offers: Callable[[], Mapping[str, str]]
    order: Callable[[str, Iterable[str]], list[str]] = newer
    asked: str = ""
    found: list[Newer] = field(default_factory=list)
    unknown: str = ""


def examine(questions: Questions, pin: Pin) -> None:
    """Ask for what is newer, and write it into the pin."""
    try:
        offers = pin.offers()
    except (PassingError, LastingError) as error:
        pin.unknown = str(error)
        return
    found = pin.order(pin.version, offers)
    tried: dict[str, Newer] = {}
    for versions in ([one for one in found if same_series(one, pin.version)], found):
        for version in versions[:_TRIES]:
            if version not in tried:
                url = offers[version]
                refusal = questions.refusal(url) if url else "no file of it fits"
                tried[version] = Newer(version, url, refusal)
            if not tried[version].refusal:
                break
    pin.found = [tried[version] for version in found if version in tried]


def bounds(requirements: Iterable[str]) -> dict[str, str]:
    """Return the packages whose versions a ``.in`` file bounds, each with its line.

    Examples
    --------
    >>> bounds(["mpich<5   # of Slurm", "numpy"])
    {'mpich': 'mpich<5'}
    """
    asked = [line.partition("#")[0].strip() for line in requirements]
    named = {re.split(r"[<>=!~ ]", one, maxsplit=1)[0]: one for one in asked}
    return {name: one for name, one in named.items() if name != one}
