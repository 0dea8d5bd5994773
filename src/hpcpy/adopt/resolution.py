"""What became of each line of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hpcpy.adopt.image import Image
from hpcpy.adopt.names import Known, known
from hpcpy.adopt.requirement import Requirement, canonical
from hpcpy.core.errors import UsageError

KEPT, RENAMED, IN_IMAGE = "kept", "renamed", "in the image"
NOT_NEEDED, NO_EQUIVALENT = "not needed", "no equivalent"
STATES = (IN_IMAGE, KEPT, RENAMED, NOT_NEEDED, NO_EQUIVALENT)
_BUILD_A_WHEEL = "build a wheel of it (pip wheel) and bake that: --wheelhouse"


@dataclass(frozen=True)
class Row:
    """A line of the report."""

    asked: str  # The line as the environment has it
    state: str  # One of `STATES`
    name: str = ""  # PyPI's name and the version that is here; empty where there is none
    version: str = ""
    versions: str = ""  # Those that were asked for; empty for any
    fits: bool = False  # Whether the version here is one of them
    notes: tuple[str, ...] = ()  # What a person has to know, or do

    @property
    def is_other(self) -> bool:
        """Whether there is a version here that was not asked for."""
        return bool(self.version) and not self.fits

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Item:
    """A distribution that is to be baked."""

    name: str  # Of its file
    version: str
    sha256: str
    url: str
    is_direct: bool  # Whether the environment named this very file

    @property
    def wheel(self) -> Path | None:
        """Its file, where it comes from a folder."""
        place = urlsplit(self.url)
        return Path(unquote(place.path)) if place.scheme == "file" else None

    @property
    def requirement(self) -> str:
        """The line of the lock."""
        what = f"{self.name} @ {self.url}" if self.is_direct else f"{self.name}=={self.version}"
        return f"{what} --hash=sha256:{self.sha256}"


def resolve(
    every: Sequence[Requirement], image: Image, options: Sequence[str], sources: Sequence[str]
) -> tuple[list[Row], list[Item]]:
    """Return a row for each line of an environment, and what is to be baked."""
    in_image = {"python", *image.ask("about")["installed"]}
    found = [_refused(one) or known(one, in_image) for one in every]
    wanted = [(at, one) for at, one in enumerate(found) if one.name]
    request = [
        {
            "name": one.name,
            "extras": one.extras,
            "versions": every[at].versions,
            "marker": every[at].marker,
            "url": every[at].url,
        }
        for at, one in wanted
    ]
    built = [canonical(name) for name in sources]
    answer = image.ask("resolve", rows=request, options=[*options], sources=built)
    outcomes = dict(zip((at for at, _ in wanted), answer["rows"], strict=True))
    rows = [
        _row(one, found[at], outcomes[at]) if at in outcomes else _absent(one, found[at])
        for at, one in enumerate(every)
    ]
    items = [Item(**item) for item in answer["items"]]
    if unknown := [item.name for item in items if not item.sha256]:
        raise UsageError(f"pip gives no hash of {', '.join(unknown)}", hint=_BUILD_A_WHEEL)
    return rows, items


def _refused(one: Requirement) -> Known | None:
    """Return why pip cannot be asked: the image has no git and none of the user's folders."""
    if one.url.startswith(("http://", "https://")) and "git+" not in one.url:
        # pip wants a name before it; without one it was not read as a requirement.
        return (
            None if "@" in one.text else Known(note=f"an address without a name; {_BUILD_A_WHEEL}")
        )
    return Known(note=f"not from an index; {_BUILD_A_WHEEL}") if one.url else None


def _absent(asked: Requirement, one: Known) -> Row:
    state = NO_EQUIVALENT if one.is_needed else NOT_NEEDED
    return Row(asked.text, state, versions=asked.versions, notes=(one.note,))


def _row(asked: Requirement, one: Known, outcome: dict[str, Any]) -> Row:
    version, fits = outcome["version"], outcome["fits"]
    if not outcome["is_here"]:
        note = f"not for this Python: {asked.marker}"
        return Row(asked.text, NOT_NEEDED, one.name, versions=asked.versions, notes=(note,))
    is_renamed = canonical(one.name) != canonical(asked.name)
    state = RENAMED if is_renamed else KEPT
    notes = [asked.note, one.note, outcome["why"]]
    if one.extras and not asked.extras:
        notes.append(f"asked for as {one.name}{one.extras}: conda's brings as much")
    if outcome["in_image"]:
        state = IN_IMAGE
        if is_renamed:
            notes.append(f"PyPI calls it {one.name}")
        if not fits:
            notes.append("the image's version cannot change: see that your program works with it")
    elif not version:
        state = NO_EQUIVALENT
        notes.append(f"if it is pure Python: --source {one.name}; else {_BUILD_A_WHEEL}")
    elif not fits:
        notes.append("the nearest version that goes with the image and the others")
    texts = tuple(note for note in notes if note)
    return Row(asked.text, state, one.name, version, asked.versions, fits, texts)
