"""``hpcpy site``: what a launch is given here, and which file says so, or that it is built in."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.launch.checks import named_image
from hpcpy.launch.layers import Layer, find_site, layers, together
from hpcpy.launch.options import ENGINES, Request, add_options, is_uri, read_names
from hpcpy.launch.running import completed, own_image, running_image
from hpcpy.launch.site import KEYS, OPTIONS, VARIABLE_NAME, Site
from hpcpy_common.errors import UsageError
from hpcpy_common.options import Parser
from hpcpy_job.doctor import promises

_WIDTH = 46
_BUILT_IN = "built in"
_HEAD = """\
#:schema schema.json
# A site of your own: copy this, take out what you do not need, and name the
# file: make launch … SITE=my-site.toml.  Such a file needs `summary` alone.
# `make launch … DRY=1` shows what comes of it.
#
# In binds, node_local, setup, [environment] and the options of a step or an
# engine, $NAME is a variable of the job; SLURM_JOB_ID is one in every job.
"""


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
    if options.template or options.schema:
        print(template() if options.template else schema(), end="")
        return 0
    asked = read_names(options)
    if asked.image and not is_uri(asked.image) and not Path(asked.image).exists():
        raise UsageError(f"IMAGE={asked.image}: no such file")
    # What is wrong in a file is said first.
    each = () if asked.site else layers(asked.image or running_image()[1])
    site = together(each) if each else find_site(asked.site)
    print("\n".join([*map(_seen, each), *_shown(asked, site)]))
    return 0


def _seen(layer: Layer) -> str:
    state = layer.refused or ("not there" if layer.values is None else "read")
    state += f" without {', '.join(layer.left_out)}" if layer.left_out else ""
    return f"# {layer.what}: {f'{layer.path}: {state}' if layer.path else 'none'}"


def _shown(asked: Request, site: Site) -> Iterator[str]:
    """Give the lines of a site file; a launch's engine and image, none where it would ask."""
    try:
        run = completed(asked, site)
    except UsageError:
        run, image = replace(asked, engine=site.engine), ""
    else:
        image = named_image(run) or own_image(run)[-1]
    origins = dict(site.files)
    if asked.image or not site.image:
        is_own = paths.IS_CHECKOUT or run.engine == "none" or not image
        origins["image"] = "--image" if asked.image else _BUILT_IN if is_own else "what runs this"
    if run.engine != site.engine:  # the image is the one file
        origins["engine"] = origins["image"]
    values = vars(site) | {"engine": run.engine, "mpi": site.kind_of_mpi(run.engine)}
    values["image"] = image
    tables = [key for key in KEYS if isinstance(values[key], dict)]
    for key in KEYS:
        if key not in tables and key in {*origins, "engine", "mpi", "node_local", "image"}:
            yield _line(key, values[key], origins.get(key, _BUILT_IN))
    for table in (table for table in tables if table in origins):
        yield f"\n[{table}]"
        for name, value in values[table].items():
            yield _line(name, value, origins.get(f"{table}.{name}", origins[table]))


def _line(key: str, value: object, origin: str) -> str:
    # JSON's texts, numbers and lists are TOML's.
    shown = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    # What no file can say, or GPUS= changes.
    if origin == _BUILT_IN and (key == "image" or value == ""):
        shown = f"# {shown}"
    return f"{shown:<{_WIDTH}} # {origin}"


def template() -> str:
    """Return a site file with all keys, and what each is for."""
    text = _HEAD
    for key, row in KEYS.items():
        about = textwrap.fill(
            row.metadata["meaning"],
            width=78,
            initial_indent="# ",
            subsequent_indent="# ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        example = row.metadata["example"]
        entries = example if isinstance(example, dict) else {key: example}
        lines = [f"{name} = {json.dumps(value)}" for name, value in entries.items()]
        head = [f"[{key}]"] if isinstance(example, dict) else []
        text += "\n".join(["", about, *head, *lines, ""])
    return text


def schema() -> str:
    """Return the JSON schema of site files, by which editors complete and check."""
    document = {
        "title": "hpcpy: what a launch needs at a site (site.toml)",
        "description": "`hpcpy site --template` explains each key with an example.",
        **_object({key: _schema_of(key) for key in KEYS}),
    }
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _schema_of(key: str) -> dict[str, Any]:
    row = KEYS[key].metadata
    rule = row["rule"]
    text = _choice(rule) if rule in ((), ENGINES) else _text(rule[0])
    texts = {"type": "array", "items": text}
    if key == "promises":
        kind = _object({name: _promise(wanted) for name, wanted in promises.WANTED.items()})
    elif key == "options":
        kind = _object(dict.fromkeys(OPTIONS, texts))
    elif key == "environment":
        kind = _object({}) | {"patternProperties": {f"^{VARIABLE_NAME}$": text}}
    else:
        kind = {"str": text, "int": _NUMBER}.get(str(KEYS[key].type), texts)
    return {"description": row["meaning"], **kind}


_NUMBER = {"type": "integer", "minimum": 1}


def _promise(wanted: tuple[str, ...] | type) -> dict[str, Any]:
    if isinstance(wanted, tuple):
        return _choice(wanted)
    return _NUMBER if wanted is int else _text("/.*")


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^({pattern})$"}


def _choice(words: Sequence[str]) -> dict[str, Any]:
    return {"enum": list(words)}


def _object(keys: Mapping[str, object]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": keys}
