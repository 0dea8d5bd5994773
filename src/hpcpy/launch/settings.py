"""``hpcpy site``: what a launch is given here, and which file says so, or that it is built in."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.parser import Parser
from hpcpy.launch.checks import is_uri, named_image
from hpcpy.launch.command import own_image
from hpcpy.launch.layers import Key, Layer, merged, read
from hpcpy.launch.options import Request, add_options
from hpcpy.launch.plan import at_site
from hpcpy.launch.running import completed, named_or_running
from hpcpy.launch.site import FOLDER, Site, find_site, layers_of

SCHEMA = FOLDER / "schema.json"
_FILES = {"template": "template.toml", "schema": SCHEMA.name}
_WIDTH = 46
_BUILT_IN = Layer("built in", None)


def declare(parser: Parser) -> None:
    """Add the command's arguments."""
    add_options(parser, ("site", "image"))
    what = "print a file to begin with, which explains each key"
    parser.add_argument("--template", action="store_true", help=what)
    what = "print the JSON schema of these files, for editors"
    parser.add_argument("--schema", action="store_true", help=what)
    parser.epilog = (
        "Files, each over those before it: /etc/hpcpy/site.toml; site.toml beside the image,"
        " without what runs on the host; HPCPY_SITE_FILE; ~/.config/hpcpy/site.toml. A --site"
        " replaces them all, an option of a command replaces its value."
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
    site = find_site(name, image)
    if name:
        path = FOLDER / f"{name}.toml"
        each = [Layer(name, path if path.is_file() else paths.named(name), is_read=True)]
    else:
        each = layers_of(image)
    values, origins = merged(read(each))
    run = _used(given, site)
    if given or not site.image:
        is_own = paths.IS_CHECKOUT or run.engine == "none" or not run.image
        running = _BUILT_IN if is_own else Layer("what runs this", None)
        origins["image",] = Layer("--image", None) if given else running
    if run.engine != site.engine:  # the image is the one file
        origins["engine",] = origins["image",]
    values |= {"engine": run.engine, "mpi": site.kind_of_mpi(run.engine)}
    values |= {"node_local": site.node_local, "image": run.image}
    print("\n".join([*(() if name else map(_seen, each)), *_shown(values, origins)]))
    return 0


def _used(given: str, site: Site) -> Request:
    """Return a launch's engine and image, which is empty where a launch would ask for it."""
    request = Request(image=given)
    try:
        request = completed(request, site)
    except UsageError:
        return at_site(request, site)
    return replace(request, image=named_image(request) or own_image(request)[-1])


def _seen(layer: Layer) -> str:
    state = layer.refused or ("read" if layer.is_read else "not there")
    state += f" without {', '.join(layer.left_out)}" if layer.left_out else ""
    return f"# {layer.what}: {f'{layer.path}: {state}' if layer.path else 'none'}"


def _shown(values: dict[str, Any], origins: dict[Key, Layer]) -> Iterable[str]:
    for key in (entry.name for entry in fields(Site)):
        if key in values and not isinstance(values[key], dict):
            yield _line(key, values[key], origins.get((key,), _BUILT_IN))
    for key, table in values.items():
        if isinstance(table, dict):
            yield f"\n[{key}]"
            for name, value in table.items():
                yield _line(name, value, origins.get((key, name)) or origins[key,])


def _line(key: str, value: object, layer: Layer) -> str:
    # JSON's texts, numbers and lists are TOML's.
    shown = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    # What no file can say, or GPUS= changes.
    if layer == _BUILT_IN and (key == "image" or value == ""):
        shown = f"# {shown}"
    return f"{shown:<{_WIDTH}} # {layer.path or layer.what}"
