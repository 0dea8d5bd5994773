"""The graph of images and parts, read from ``containers/images.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from hpcpy.core import paths
from hpcpy.images.cached import tree_files
from hpcpy.pins.model import GROUPS
from hpcpy.pins.tables import Table, read_table
from hpcpy_common.errors import UsageError

# The group of wheels for which an image may name another.
STACK = "image"


@dataclass(frozen=True)
class Part:
    """One component: a recipe and what it reads."""

    name: str
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    # Only headers of its sources are read.
    headers: bool = False
    # Groups of wheels: installed whole; single files of them taken; run by its recipe.
    wheels: tuple[str, ...] = ()
    unpacks: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    # Packages of these groups that other parts build from source.
    without: tuple[str, ...] = ()
    # Patterns of the packages to take, where another part or image has the rest.
    only: tuple[str, ...] = ("*",)
    debian: str = ""
    # The set of Debian packages that its recipe alone runs.
    debian_tools: str = ""
    links: bool = False  # The builder's `archives`, or what is linked with them
    trees: tuple[str, ...] = ()
    # A folder of one of the trees, with a folder for each feature that an image may have.
    features_in: str = ""
    # The image's: see `Graph.of`.
    features: tuple[str, ...] = ()
    stack: str = STACK
    scripts: tuple[str, ...] = ()
    # Its recipe reads image.json, the description that images have.
    described: bool = False

    @property
    def recipes(self) -> tuple[Path, ...]:
        """The script that stages it, and those it calls."""
        names = (f"{self.name}.sh", "lib.sh", "build.sh", *self.scripts)
        return tuple(paths.RECIPES / name for name in names)

    def known_features(self) -> list[str]:
        """Return the names of all features that an image may have in this part."""
        home = paths.ROOT / self.features_in
        return [path.name for path in home.iterdir() if path.is_dir()] if self.features_in else []

    @property
    def files(self) -> list[Path]:
        """The files of its trees and its patches, of the features those that the image has."""
        trees = (*self.trees, f"recipes/patches/{self.name}")
        files = [path for tree in trees for path in tree_files(tree)]
        if not self.features_in:
            return files
        home = paths.ROOT / self.features_in
        chosen = [home / name for name in self.features]
        return [
            path
            for path in files
            if not path.is_relative_to(home)
            # What only people read is no input.
            or (path.suffix != ".md" and any(map(path.is_relative_to, chosen)))
        ]


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
    # Those of its Debian packages whose code is in all that its compilers link.
    linked: tuple[str, ...] = ()
    # Those with archives that parts link whose `links` says so, and no other part reads.
    archives: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    # What its interpreter has beside the plain tier: docs/explanation/interpreter.md.
    features: tuple[str, ...] = ()
    # The group of env/python.lock that it has the packages of.
    stack: str = STACK
    # For its label, in SPDX's form; what is in it has the SBOM.
    licences: str = "BSD-3-Clause"
    # Another architecture that its compilers compile for: it has that one's libraries.
    target: str = ""
    # The end of its files' names, where the plan is for another architecture.
    suffix: str = ""

    @property
    def folder(self) -> Path:
        """The folder of its Containerfile."""
        return paths.CONTAINERS / self.containerfile

    @property
    def file(self) -> str:
        """What the names of its files begin with."""
        return f"{self.name}{self.suffix}"


@dataclass(frozen=True)
class Graph:
    """All images and parts by name."""

    images: dict[str, Image]
    parts: dict[str, Part]

    def for_arch(self, arch: str) -> Graph:
        """Return the graph with names of files for another architecture."""
        renamed = {name: replace(image, suffix=f"-{arch}") for name, image in self.images.items()}
        return replace(self, images=renamed)

    def image(self, name: str) -> Image:
        """Return the image of that name."""
        if name not in self.images:
            raise UsageError(f"no image {name!r}; there are: {', '.join(self.images)}")
        return self.images[name]

    def shipped(self, image: Image) -> list[Part]:
        """Return the parts that the image holds, each after those it needs."""
        return [self.of(image, name) for name in self.parts if name in image.parts]

    def of(self, image: Image | Part, name: str) -> Part:
        """Return a part as an image has it, or one of the image's parts."""
        part = self.parts[name]
        if self.has_features(part):
            part = replace(part, features=image.features)
        if any(STACK in other.wheels for other in self._with_needs(part)):
            part = replace(part, stack=image.stack)
        return part

    def has_features(self, part: Part) -> bool:
        """Tell whether an image's features decide what a part is."""
        return any(other.features_in for other in self._with_needs(part))

    def _with_needs(self, part: Part) -> list[Part]:
        return [part, *(self.parts[other] for other in self._behind(part))]

    def _behind(self, part: Part) -> set[str]:
        return {*part.needs}.union(*(self._behind(self.parts[name]) for name in part.needs))

    def built(self, image: Image) -> list[Part]:
        """Return the image's parts and all that they need, in order."""
        shipped = self.shipped(image)
        behind = {other.name for part in shipped for other in (part, *self.needed(part))}
        return [self.of(image, name) for name in self.parts if name in behind]

    def needed(self, part: Part) -> list[Part]:
        """Return all parts that `part` needs, each after those it needs itself."""
        behind = self._behind(part)
        return [self.of(part, name) for name in self.parts if name in behind]


def _check_images(graph: Graph, where: str) -> None:
    features = {name for part in graph.parts.values() for name in part.known_features()}
    for image in graph.images.values():
        below = [name for name in (image.base, image.builder) if name]
        for what, names, known in (
            ("has the feature", image.features, features),
            ("has the stack", [image.stack], GROUPS),
            ("is built on", below, graph.images),
            ("has the part", image.parts, graph.parts),
        ):
            if unknown := [name for name in names if name not in known]:
                raise UsageError(f"{where}: {image.name} {what} {unknown[0]!r}, which is not there")


def load(path: Path) -> Graph:
    """Read and check a graph: the order of the file is the order of building."""
    top = read_table(path)
    top.only("images", "parts")
    rows = dict(top.table("images").tables())
    graph = Graph(
        {name: _complete(table, rows).fill(Image, name=name) for name, table in rows.items()},
        {name: table.fill(Part, name=name) for name, table in top.table("parts").tables()},
    )
    _check_parts(graph.parts, path.name)
    _check_images(graph, path.name)
    return graph


def _complete(table: Table, rows: Mapping[str, Table]) -> Table:
    """Return an image's table with what it has of the one that it is like."""
    values = dict(table.values)
    if (other := values.pop("like", None)) is not None:
        if not isinstance(other, str) or other not in rows or "like" in rows[other].values:
            raise table.wrong("like", f"{other!r} is no row of its own")
        values = {**rows[other].values, **values}
    # `from` is no name in Python.
    values = {("base" if key == "from" else key): value for key, value in values.items()}
    return Table(table.file, table.name, values)


def _check_parts(parts: Mapping[str, Part], where: str) -> None:
    seen: set[str] = set()
    for part in parts.values():
        if not (paths.ROOT / part.features_in).is_dir():
            raise UsageError(f"{where}: {part.name}: {part.features_in!r} is no folder")
        for need in part.needs:
            if need not in parts:
                raise UsageError(f"{where}: {part.name} needs {need!r}, which is not there")
            if need not in seen:
                raise UsageError(f"{where}: {part.name} must come after {need}")
        seen.add(part.name)


@cache
def the_graph() -> Graph:
    """Return the project's own graph."""
    return load(paths.CONTAINERS / "images.toml")
