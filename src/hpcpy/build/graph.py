"""The graph of images and parts, read from ``containers/images.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from hpcpy import paths
from hpcpy.errors import UsageError
from hpcpy.pins.tables import read_table


@dataclass(frozen=True)
class Part:
    """One component: a recipe and what it reads."""

    name: str
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    # No more of its sources than headers is read.
    headers: bool = False
    # Groups of wheels: installed; single files of them taken; run by its recipe alone.
    wheels: tuple[str, ...] = ()
    unpacks: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    # Packages of these groups that other parts build from source.
    without: tuple[str, ...] = ()
    # Where another part or image has the rest of them; `*` stands for anything.
    only: tuple[str, ...] = ("*",)
    debian: str = ""
    # The set of Debian packages that its recipe alone runs.
    debian_tools: str = ""
    # Packages of the builder whose archives it links.
    links: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    # Of processor time that building it takes.
    seconds: int = 5

    @property
    def recipes(self) -> tuple[Path, ...]:
        """The script that stages it, and those it calls."""
        names = (f"{self.name}.sh", "lib.sh", "build.sh", *self.scripts)
        return tuple(paths.RECIPES / name for name in names)

    @property
    def debian_sets(self) -> tuple[str, ...]:
        """The sets of Debian packages that its recipe reads."""
        return tuple(name for name in (self.debian, self.debian_tools) if name)


@dataclass(frozen=True)
class Image:
    """One image: its Containerfile and what its context holds."""

    name: str
    summary: str
    containerfile: str
    # `from` in the file
    base: str = ""
    builder: str = ""
    debian: str = ""
    # Of its Debian packages those whose code is in all that its compilers link.
    linked: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    # GiB that must be free to build it from nothing, beside what it stands on.
    disk: int = 10

    @property
    def folder(self) -> Path:
        """The folder of its Containerfile."""
        return paths.CONTAINERS / self.containerfile


@dataclass(frozen=True)
class Graph:
    """All images and parts by name."""

    images: dict[str, Image]
    parts: dict[str, Part]

    def image(self, name: str) -> Image:
        """Return the image of that name.

        Raises
        ------
        UsageError
            When there is none.
        """
        if name not in self.images:
            raise UsageError(f"no image {name!r}; there are: {', '.join(self.images)}")
        return self.images[name]

    def shipped(self, image: Image) -> list[Part]:
        """Return the parts that the image holds, each after those it needs."""
        return [part for part in self.parts.values() if part.name in image.parts]

    def built(self, image: Image) -> list[Part]:
        """Return the image's parts and all that they stand on, in order."""
        shipped = self.shipped(image)
        behind = {one.name for part in shipped for one in (part, *self.needed(part))}
        return [part for part in self.parts.values() if part.name in behind]

    def needed(self, part: Part) -> list[Part]:
        """Return all parts that `part` stands on, each after those it needs."""
        found: set[str] = set()
        for name in part.needs:
            found |= {name, *(one.name for one in self.needed(self.parts[name]))}
        return [one for one in self.parts.values() if one.name in found]


def _record(kind: type[Any], where: str, name: str, table: Mapping[str, Any]) -> Any:
    renamed = {("base" if key == "from" else key): value for key, value in table.items()}
    known = {field.name for field in fields(kind)} - {"name"}
    for key in renamed:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r} in {name}")
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in renamed.items()}
    try:
        return kind(name=name, **tuples)
    except TypeError as error:
        raise UsageError(f"{where}: {name}: {error}") from error


def load(path: Path) -> Graph:
    """Read and check a graph.

    Raises
    ------
    UsageError
        When it is no TOML; for an unknown key, a name that is not there, or a
        part that comes before one it needs: the order of the file is the
        order of building.
    """
    where = path.name
    top = read_table(path)
    top.only("images", "parts")
    images, parts = (
        {name: _record(kind, where, name, table.values) for name, table in top.table(key).tables()}
        for key, kind in (("images", Image), ("parts", Part))
    )
    graph = Graph(images, parts)
    for image in images.values():
        for other in (image.base, image.builder):
            if other and other not in images:
                raise UsageError(f"{where}: {image.name} stands on {other!r}, which is not there")
        for name in image.parts:
            if name not in parts:
                raise UsageError(f"{where}: {image.name} has a part {name!r}, which is not there")
    seen: set[str] = set()
    for part in parts.values():
        for need in part.needs:
            if need not in parts:
                raise UsageError(f"{where}: {part.name} needs {need!r}, which is not there")
            if need not in seen:
                raise UsageError(f"{where}: {part.name} must come after {need}")
        seen.add(part.name)
    return graph


@cache
def the_graph() -> Graph:
    """Return the project's own graph."""
    return load(paths.CONTAINERS / "images.toml")
