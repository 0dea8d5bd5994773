"""Read which hooks of the importer an image's features use: their ``hooks.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# start: a module whose `start(finder)` is called as soon as Python can import.
# before: of a package, the module whose `before(name)` is called before its import.
# added: the module whose `start(data, bundle, time)` makes the second bundle.
# check: the module whose `check(ready, loaded)` compares the code image with the bundle.
_HOOKS = frozenset({"start", "before", "added", "check"})


def hooks(files: Iterable[Path]) -> dict[str, Any]:
    """Return the hooks of all features, each the name of a module."""
    start: list[str] = []
    before: dict[str, str] = {}
    single = {"added": "", "check": ""}
    for file in files:
        table = tomllib.loads(file.read_text())
        if unknown := sorted(table.keys() - _HOOKS):
            raise ValueError(f"{file}: no hook is called {unknown[0]}")
        start += [table["start"]] if "start" in table else []
        single = {name: table.get(name, module) for name, module in single.items()}
        for package, module in table.get("before", {}).items():
            if before.setdefault(package, module) != module:
                raise ValueError(f"{file}: {before[package]} comes before {package}, too")
    return {"start": tuple(start), "before": before, **single}


def hook_files(names: Iterable[str]) -> list[Path]:
    """Return the files of the features that have one."""
    home = Path(__file__).parents[1] / "features"
    return [file for name in names if (file := home / name / "hooks.toml").is_file()]
