"""What training.py has seen of starts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

_CO_NEWLOCALS = 2
# By file, the qualified names and first lines of code objects.
_Places = Mapping[str, Collection[tuple[str, int]]]


@dataclass(frozen=True)
class Training:
    """What starts load and run.

    Attributes
    ----------
    files
        The files of the modules, in the order of their imports.
    start
        The files of the modules that a bare start imports.
    run, later
        The code that imports run, and that only the first compilation by numba runs.
    started
        The functions that a bare start runs.
    start_names, names
        Names that are in use after a bare start, and after the imports.
    """

    files: Mapping[str, None]
    start: Collection[str]
    run: _Places
    later: _Places
    started: _Places
    start_names: Collection[str]
    names: Collection[str]

    @classmethod
    def of(cls, seen: Mapping[str, Any], frozen: Iterable[str]) -> Training:
        """Read what training.py wrote; frozen modules run at each start, and have no file."""
        return cls(
            # Modules are in sys.modules in the order in which their imports began.
            dict.fromkeys([*frozen, *seen["loaded"]]),
            frozenset([*frozen, *seen["start"]]),
            _by_file(seen["run"]),
            _by_file(seen["run later"]),
            _by_file(seen["started"]),
            frozenset(seen["start names"]),
            frozenset(seen["names"]),
        )

    def starts(self, code: CodeType) -> bool:
        """Say whether a bare start runs this code."""
        if code.co_filename in self.start and not code.co_flags & _CO_NEWLOCALS:
            # Bodies of modules and classes are gone before training.py can look.
            return True
        return _is_in(self.started, code)

    def has_run(self, code: CodeType) -> bool:
        """Say whether an import runs this code."""
        return self.starts(code) or _is_in(self.run, code)

    def runs_later(self, code: CodeType) -> bool:
        """Say whether the first compilation by numba runs this code."""
        return _is_in(self.later, code)


def _is_in(places: _Places, code: CodeType) -> bool:
    return (code.co_qualname, code.co_firstlineno) in places.get(code.co_filename, ())


def _by_file(run: list[tuple[str, str, int]]) -> _Places:
    found: dict[str, set[tuple[str, int]]] = {}
    for file, name, line in run:
        found.setdefault(file, set()).add((name, line))
    return found
