"""What an SBOM is made from: pins of an image, of hosts, of a lock; and the code that writes it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.pins.debian import locked_debs, source_package
from hpcpy.pins.model import APT_MIRROR, GROUPS, Artifact, wheels
from hpcpy.pins.tables import read_table
from hpcpy.sbom.contents import CONTAINED, INSTALLED, LINKED, READ, USED, Expected, Pin, written
from hpcpy.sbom.spdx import UNKNOWN
from hpcpy_common.errors import UsageError

if TYPE_CHECKING:
    from hpcpy.images.graph import Image, Part
    from hpcpy.images.plan import Plan

_LICENCE = "BSD-3-Clause"
_REMAKE = "git checkout env, or make lock"
# A line of a requirements file: a package, its version, for whom, and hashes.
_REQUIREMENT = re.compile(r"([\w.-]+)==([^\s;]+)( ;[^#\n]+?)?( --hash=sha256:[0-9a-f]{64})+")


def expected(plan: Plan, image: Image) -> Expected:
    """Return what an image is expected to hold."""
    # One that is in several lists is one package: what the image has most of comes first.
    by_name: dict[tuple[str, str], Pin] = {}
    uses = (INSTALLED, CONTAINED, LINKED, READ)
    for pin in sorted(_pins(plan, image), key=lambda pin: uses.index(pin.use)):
        by_name.setdefault((pin.kind, pin.name), pin)
    when = datetime.datetime.fromtimestamp(plan.epoch, datetime.UTC)
    created = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    every = tuple(by_name[key] for key in sorted(by_name))
    listed, brought = _nvidias()
    version = project_version()
    return Expected(image.name, version, image.summary, _LICENCE, created, every, listed, brought)


def of_host(plan: Plan) -> Iterator[Pin]:
    """Give Apptainer's packages and those of pack's launcher: a host has them, and no image."""
    for deb, sets in locked_debs(plan.arch).items():
        if {"engine", "launcher"} & {*sets}:
            yield _pin("debian", deb, USED)
        if deb.name == "apptainer":  # of sid, which lists of Debian's releases leave out
            version, cpe = deb.version.partition("-")[0], "lfprojects:apptainer"
            yield Pin("source", deb.name, version, UNKNOWN, "", "", USED, cpe=cpe)


def of_lock(plan: Plan, name: str) -> Iterator[Pin]:
    """Give all that a lock of env/ pins, of one package perhaps several versions."""
    if name == "debian.lock":
        yield from (_pin("debian", deb, USED) for deb in locked_debs(plan.arch))
    elif name == "python.lock":
        each = {wheel.name: wheel for group in GROUPS for wheel in wheels(group, plan.arch)}
        yield from (_pin("wheel", each[package], USED) for package in sorted(each))
    elif name == "packages.lock":
        for package, table in read_table(paths.ENV / name).table("packages").tables():
            known = (table.text("version"), UNKNOWN, table.text("url"), table.digest("sha256"))
            yield Pin("wheel", package, *known, USED)
    else:
        for package, version in _required(paths.ENV / name):
            yield Pin(f"wheel-{version}", package, version, UNKNOWN, "", "", USED)


def _required(path: Path) -> list[tuple[str, str]]:
    """Return the packages and versions of a lock that pip reads; refuse one that is damaged."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = re.sub(r" \\\n +", " ", text).splitlines()
    found = []
    for line in filter(None, lines):
        if match := _REQUIREMENT.fullmatch(line):
            found.append((match[1], match[2]))
        elif not line.startswith("#"):
            raise UsageError(f"env/{path.name}: no pinned package: {line[:60]!r}", hint=_REMAKE)
    if not found:
        raise UsageError(f"env/{path.name}: pins no package", hint=_REMAKE)
    if twice := next((name for name, version in found if found.count((name, version)) > 1), ""):
        raise UsageError(f"env/{path.name}: pins {twice} twice", hint=_REMAKE)
    return found


def _nvidias() -> tuple[dict[str, str], dict[str, list[str]]]:
    table = read_table(paths.ENV / "cuda.toml")
    table.only("published", "components", "brought")
    listed = {}
    for name, component in table.table("components").tables():
        where = "that NVIDIA publishes" if component.flag("published") else "that is here"
        for file in component.texts("files"):
            listed[file] = f"{name}: in Attachment A of NVIDIA's licence, the text {where}"
    brought = {
        name: [*component.texts("files")] for name, component in table.table("brought").tables()
    }
    return listed, brought


def pins(plan: Plan, image: Image) -> str:
    """Return ``pins.json``: all that went into an image and those below it."""
    return written(expected(plan, image))


def writer_files() -> list[Path]:
    """Return the code that writes SBOMs, in the image."""
    package = paths.ROOT / "src/hpcpy"
    return [package / "__init__.py", *sorted(package.glob("sbom/*.py"))]


def _pins(plan: Plan, image: Image) -> Iterator[Pin]:
    graph = plan.graph
    yield from (_pin("debian", deb, INSTALLED) for deb in plan.debian(image.debian))
    if image.base:
        yield from _pins(plan, graph.image(image.base))
    if not image.parts:
        return
    shipped = graph.shipped(image)
    for part in graph.built(image):
        yield from _of_part(plan, part, shipped=part in shipped)
    builder = graph.image(image.builder)
    linked = builder.linked if any(part.sources for part in shipped) else ()
    if any(part.links for part in shipped):
        linked += builder.archives
    for deb in plan.debian(builder.debian):
        if any(fnmatchcase(deb.name, pattern) for pattern in linked):
            yield _pin("debian", deb, LINKED)


def _of_part(plan: Plan, part: Part, *, shipped: bool) -> Iterator[Pin]:
    use = READ if part.headers else CONTAINED if shipped else LINKED
    for source in plan.sources_of(part):
        yield (pin := _pin("source", source, use))
        if use != READ:
            for name, version, licence in source.brings:
                yield replace(pin, name=name, version=version, licence=licence, cpe="")
    yield from (_pin("debian", deb, use) for deb in plan.debian(part.debian))
    if shipped:
        for groups, how in ((part.wheels, INSTALLED), (part.unpacks, CONTAINED)):
            yield from (_pin("wheel", wheel, how) for wheel in plan.wheels(part, groups))


def _pin(kind: str, artifact: Artifact, use: str) -> Pin:
    # The machine's own mirror is nobody else's address.
    public = next(each for each in artifact.sources if not each.url.startswith(APT_MIRROR))
    source = source_package(artifact) if kind == "debian" else ""
    about = (artifact.name, artifact.version, artifact.licence, public.url, public.sha256)
    return Pin(kind, *about, use, source, artifact.cpe)
