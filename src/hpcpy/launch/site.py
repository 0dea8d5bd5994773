"""Site files: what a launch needs at each site, one small TOML file each (``env/sites``)."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UsageError, suggestion
from hpcpy.core.programs import captured
from hpcpy.launch.checks import is_uri
from hpcpy.launch.layers import Key, Layer, is_file, layers, merged, read
from hpcpy.launch.options import CONTAINERS, ENGINES, LOCAL, NO_TIME, TIME
from hpcpy.launch.shell import quoted
from hpcpy.pins.tables import Table, read_table
from hpcpy_common.site_file import VARIABLE
from hpcpy_job.doctor import promises

FOLDER = paths.ENV / "sites"
# Where an image has its own copies.
IMAGES_OWN = "/opt/hpcpy/share/hpcpy/tool/env/sites/"
REQUIRED = "required"
# In a site's or a request's ``mpi``.
AUTO = "auto"
_OPTIONS = ("allocation", "step", "gpu", *CONTAINERS)


@dataclass(frozen=True)
class Site:
    """One site's settings."""

    name: str  # The file's name without ``.toml``
    summary: str = ""  # One line about it, which each file has
    engine: str = "apptainer"  # Taken where the request names none
    mpi: str = ""  # ``srun --mpi``; see `kind_of_mpi`
    image: str = ""
    # A folder of each node's own disk, for caches and staged images.  It, binds, variables and
    # options of step and engine may hold ``$NAME``, which the job's shell expands.
    node_local: str = "/tmp"  # noqa: S108  (a place of the nodes, not a file of ours)
    # Options of the job.  With the account ``required``, each request has to name one.
    constraint: str = ""
    account: str = ""
    time: str = ""
    # Environment modules to load; shell lines after that; more folders that the ranks see.
    modules: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()  # Those that the site has; the first is the default
    qos: tuple[str, ...] = ()
    cpus_per_node: int = 0  # What a node has; 0 when nodes differ
    gpus_per_node: int = 0
    # More options, for ``allocation``, ``step``, ``gpu`` (of a step that has GPUs), or one of the
    # engines.
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # Variables that the ranks get
    # The site file, if it has the table ``promises``, which preflight compares with.
    promises: str = ""
    files: Mapping[str, str] = field(default_factory=dict)  # Of each key the file that has it

    def kind_of_mpi(self, engine: str) -> str:
        """Return ``srun --mpi`` for an engine; empty for Slurm's own default."""
        # By the other engines' modules ranks have the site's library.
        return self.mpi or (AUTO if engine in ("apptainer", "standalone", "podman") else "")


def find_site(name: str, image: str = "") -> Site:
    """Read the site of a name or a file's path; without one what `layers` has, else ``local``."""
    if not name:
        each = layers_of(image)
        for layer in each:
            if layer.refused:
                print(f"hpcpy: {layer.path} is not read: {layer.refused}", file=sys.stderr)
            if keys := ", ".join(layer.left_out):
                why = "for this host, and not taken from a file beside an image"
                hint = f"if you trust it: export {VARIABLE}={quoted(str(layer.path))}"
                print(f"hpcpy: {layer.path}: {keys}: {why}; {hint}", file=sys.stderr)
        return _configured(each) or read_site(FOLDER / f"{LOCAL}.toml")
    path = Path(name) if "/" in name or name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not is_file(path):
        names = sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "template")
        hint = f"{suggestion(name, names)} or a file ({paths.CALLED} docs sites)"
        raise UsageError(f"no site {name!r}", hint=hint)
    return read_site(path)


def layers_of(image: str = "") -> list[Layer]:
    """Return `layers`; without an image, a file may lie beside the one that a file names."""
    each = list(layers(image))
    site = None if image else _configured(each)
    return list(layers(site.image)) if site and site.image else each


def _configured(each: list[Layer]) -> Site | None:
    """Return the site of all files of this machine together; None if there is none."""
    tables = read(each)
    if not tables:
        return None
    # Each by itself: an error names its file.
    for layer, table in tables.items():
        _site_of(table, str(layer.path), {})
    values, origins = merged(tables)
    *_, last = tables
    files = {key: str(layer.path) for (key, *_), layer in origins.items()}
    table = Table(str(last.path), "", _with_whole_path(values, origins))
    return _site_of(table, str(last.path), files)


def _with_whole_path(values: dict[str, Any], origins: Mapping[Key, Layer]) -> dict[str, Any]:
    """Return values whose image, a file beside the one that names it, has its whole path."""
    layer, image = origins.get(("image",)), values.get("image", "")
    is_file = values.get("engine", "apptainer") in ("apptainer", "standalone") and not is_uri(image)
    if layer and layer.path and is_file:
        values["image"] = str(layer.path.parent / image)
    return values


def read_site(path: Path) -> Site:
    """Read and check one file, which says in a line what it is of."""
    table = read_table(path, is_users=not path.is_relative_to(FOLDER))
    is_images = path.is_relative_to(FOLDER) and not paths.IS_CHECKOUT
    # The one file has it on this node alone; ranks have the image's.
    file = f"{IMAGES_OWN}{path.name}" if is_images else str(paths.settled(path))
    site = _site_of(table, path.stem, dict.fromkeys(table.values, file))
    # After all that is wrong: it is what a file begun by hand lacks.
    table.text("summary")
    return site


def _site_of(table: Table, name: str, files: Mapping[str, str]) -> Site:
    values: dict[str, Any] = {"options": _options(table), "environment": _environment(table)}
    if "promises" in table.values:
        if wrong := promises.why_not(dict(table.table("promises").values)):
            raise UsageError(f"{table.file}: {wrong}")
        values["promises"] = files.get("promises", "")
    site = table.fill(Site, name=name, files=files, **values)
    _check_values(table, site)
    return site


def _check_values(table: Table, site: Site) -> None:
    if site.engine not in ENGINES:
        raise table.wrong("engine", f"{site.engine!r} is none; {suggestion(site.engine, ENGINES)}")
    if not TIME.fullmatch(site.time):
        raise table.wrong("time", f"{site.time!r} {NO_TIME}")
    for key in ("mpi", "account", "partitions", "qos", "modules"):
        if re.search(r"[\s;&|<>()`'\"]", "".join(getattr(site, key))):
            raise table.wrong(key, "has a blank, a quote or the shell's ;, and a name has none")
    _check_lines(table, site)
    for key, places in (("node_local", (site.node_local,)), ("binds", site.binds)):
        for place in places:
            # A comma would part two of Apptainer's --bind; z is Podman's.
            if not re.fullmatch(r"[/$][^:,]*(:[^:,]+(:r[ow]|:[zZ])?)?", place):
                what = "is neither HOST nor HOST:INSIDE[:ro], which begin with / or $NAME"
                raise table.wrong(key, f"{place!r} {what}")


def _check_lines(table: Table, site: Site) -> None:
    for entry in (entry for entry in fields(Site) if entry.name not in ("options", "environment")):
        value = getattr(site, entry.name)
        for text in value if isinstance(value, tuple) else [str(value)]:
            if not text.replace("\t", " ").isprintable():
                raise table.wrong(entry.name, f"{text!r} holds a character that cannot be printed")
    for line in site.setup:
        # A here-document without an end is only a warning.
        if wrong := captured(["bash", "-nc", f"{{ {line}\n}}"]).stderr:
            last = wrong.strip().splitlines()[-1].partition(": ")[2]
            raise table.wrong("setup", f"{line!r} is no whole line of shell: {last}")


def _options(table: Table) -> dict[str, tuple[str, ...]]:
    if "options" not in table.values:
        return {}
    options = table.table("options")
    options.only(*_OPTIONS)
    checked = {key: options.texts(key) for key in options.values}
    for key, words in checked.items():
        for word in words:
            # An option's value as a separate word would be taken for the program.
            if not re.fullmatch(r"--?[A-Za-z][^\s\x00-\x1f\x7f]*", word):
                raise options.wrong(key, f"{word!r} is not one option such as '--mem=0'")
    return checked


def _environment(table: Table) -> dict[str, str]:
    if "environment" not in table.values:
        return {}
    variables = table.table("environment")
    for name in variables.values:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise variables.wrong(name, "is not the name of a variable")
    what = "a text whose only control characters are tabs and line ends"
    return {
        name: variables.text(name, r"[^\x00-\x08\x0b-\x1f\x7f]*", what) for name in variables.values
    }
