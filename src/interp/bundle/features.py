"""Read which hooks of the importer an image's features use: their ``hooks.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# start: a module whose `start(finder)` is called as soon as Python can import.
# before: of a package, the modules whose `before(name)` is called before its import.
# after: of a module, the one whose `after(module)` is called when it was executed.
# with_files: as after, where the executable has the library's files in itself.
# placed: packages whose files become files of the node there, and a folder of libraries beside.
# added: the module whose `start(data, bundle, time)` makes the second bundle.
_HOOKS = frozenset({"start", "before", "after", "with_files", "placed", "added"})


def hooks(files: Iterable[Path]) -> dict[str, Any]:
    """Return the hooks of all features, each the name of a module."""
    start: list[str] = []
    before: dict[str, tuple[str, ...]] = {}
    follow: dict[str, dict[str, str]] = {"after": {}, "with_files": {}}
    placed: dict[str, str] = {}
    added = ""
    for file in files:
        table = tomllib.loads(file.read_text())
        if unknown := sorted(table.keys() - _HOOKS):
            raise ValueError(f"{file}: no hook is called {unknown[0]}")
        start += [table["start"]] if "start" in table else []
        placed |= table.get("placed", {})
        added = table.get("added", added)
        for name, module in table.get("before", {}).items():
            before[name] = (*before.get(name, ()), module)
        for kind, known in follow.items():
            for name, module in table.get(kind, {}).items():
                if known.setdefault(name, module) != module:
                    raise ValueError(f"{file}: {known[name]} comes after {name}, too")
    kinds = {"start": tuple(start), "before": before, **follow}
    return kinds | {"placed": placed, "added": added}


def hook_files(names: Iterable[str]) -> list[Path]:
    """Return the file of the plain tier, and those of the features that have one."""
    interp = Path(__file__).parents[1]
    files = [interp / "features" / name / "hooks.toml" for name in names]
    return [interp / "packages/hooks.toml", *(file for file in files if file.is_file())]
