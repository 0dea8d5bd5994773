"""``hpcpy site``: what a launch is given here, and which file says so."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.parser import Parser
from hpcpy.launch.checks import is_uri
from hpcpy.launch.layers import Key, Layer, layers, merged, read
from hpcpy.launch.options import LOCAL, add_options
from hpcpy.launch.running import named_or_running, taken
from hpcpy.launch.site import FOLDER, Site, completed, find_site

SCHEMA = FOLDER / "schema.json"
_FILES = {"template": "template.toml", "schema": SCHEMA.name}
_WIDTH = 46


def declare(parser: Parser) -> None:
    """Add the command's arguments."""
    add_options(parser, ("site", "image"))
    what = "print a file to begin with, which explains each key"
    parser.add_argument("--template", action="store_true", help=what)
    what = "print the JSON schema of these files, for editors"
    parser.add_argument("--schema", action="store_true", help=what)
    parser.epilog = (
        "Files, each over those before it: /etc/hpcpy/site.toml; site.toml beside the image;"
        " HPCPY_SITE_FILE; ~/.config/hpcpy/site.toml. A --site replaces them all, an option of"
        " a command replaces its value."
    )


def main(options: argparse.Namespace) -> int:
    """Print the settings as a site file, each with the file that it is from."""
    for file in (file for file in _FILES if getattr(options, file)):
        print((FOLDER / _FILES[file]).read_text(encoding="utf-8"), end="")
        return 0
    name, given = getattr(options, "site", ""), getattr(options, "image", "")
    if given and not is_uri(given) and not Path(given).exists():
        raise UsageError(f"IMAGE={given}: no such file")
    image = named_or_running(given)
    # What is wrong in a file is said first.
    find_site(name, image)
    each = [] if name else list(layers(image))
    tables = read(each)
    values, origins = completed(*merged(tables))
    if not tables:
        path = FOLDER / f"{name or LOCAL}.toml"
        layer = Layer("", path if path.is_file() else paths.named(name), is_read=True)
        values, origins = merged(read([layer]))
    if not paths.IS_CHECKOUT and not values.get("image"):
        engine, file = taken(values.get("engine", Site.engine))
        if file:
            values |= {"engine": engine, "image": file}
            origins[("engine",)] = origins[("image",)] = Layer("", Path("what runs this"))
    print("\n".join([*map(_seen, each), *_shown(values, origins)]))
    return 0


def _seen(layer: Layer) -> str:
    if layer.path is None:
        state = "none"
    else:
        state = f"{layer.path}: {layer.refused or ('read' if layer.is_read else 'not there')}"
    return f"# {layer.what}: {state}"


def _shown(values: dict[str, Any], origins: dict[Key, Layer]) -> Iterable[str]:
    for key in (entry.name for entry in fields(Site)):
        if key in values and not isinstance(values[key], dict):
            yield _line(key, values[key], origins[key,])
    for key, table in values.items():
        if isinstance(table, dict):
            yield f"\n[{key}]"
            for name, value in table.items():
                yield _line(name, value, origins.get((key, name)) or origins[key,])


def _line(key: str, value: object, layer: Layer) -> str:
    # JSON's texts, numbers and lists are TOML's.
    return f"{f'{key} = {json.dumps(value, ensure_ascii=False)}':<{_WIDTH}} # {layer.path}"
