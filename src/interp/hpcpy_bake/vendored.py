"""Which of the libraries that a wheel brings go into a pack with its modules.

A name in them is looked for in the order of the loader: in the module first
and then in what it needs, breadth first.  Where that differs among the modules
of the pack, or where a library's own name would be found elsewhere, the
library stays a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from hpcpy_bake import libraries
from hpcpy_bake.elf import VERDEF, Library, Symbol
from hpcpy_bake.fits import ABSOLUTE, library_fits

_FUNCTION, _WEAK = 2, 2
_DATA = 1, 5, 6
# Tables of virtual functions, and a type's description and name.
_OF_TYPES = "_ZTV", "_ZTT", "_ZTC", "_ZTI", "_ZTS"
Found = tuple[Library, Symbol]


class Vendored:
    """The libraries of some modules.

    Parameters
    ----------
    modules
        All modules that need them.
    candidates
        Libraries that nobody else needs.

    Attributes
    ----------
    inside
        Those that go into the pack, each after those that it needs.
    links
        What is found in them, by object and number of the symbol that wants it.
    notes
        Why the others stay files, by name.
    """

    def __init__(self, modules: Sequence[Library], candidates: Iterable[Library]) -> None:
        self.notes: dict[str, str] = {}
        self.links: dict[Library, dict[int, Found]] = {}
        self.inside = list(candidates)
        self._modules = modules
        self._scopes = [libraries.scope(one) for one in modules] if self.inside else []
        self._leave_out({one: why for one in self.inside if (why := library_fits(one))})
        # What is left out may be what another one stands and falls with.
        while refused := self._refused():
            self._leave_out(refused)
        by_name = {one.path.name: one for one in self.inside}
        order = libraries.in_order({name: one.path for name, one in by_name.items()})
        self.inside = [by_name[Path(path).name] for path in order]

    def _leave_out(self, refused: dict[Library, str]) -> None:
        self.notes |= {one.path.name: why for one, why in refused.items()}
        self.inside = [one for one in self.inside if one not in refused]

    def _refused(self) -> dict[Library, str]:
        refused = dict((*self._asked_by_files(), *self._needed_by_files()))
        self.links = {}
        for one in [*self.inside, *self._modules] if self.inside else ():
            links = self.links[one] = {}
            for number in _asked(one):
                found = self._found(one, one.symbols[number])
                for wrong, why in self._wrong(one, one.symbols[number], found):
                    refused.setdefault(wrong, why)
                if len(found) == 1 and found[0] is not None and found[0][0] in self.inside:
                    links[number] = found[0]
        return refused

    def _found(self, one: Library, symbol: Symbol) -> list[Found | None]:
        if symbol.name in libraries.global_names():
            return []
        places = (look_up(scope, symbol) for scope in self._scopes if one in scope)
        return list(dict.fromkeys(places))

    def _needed_by_files(self) -> Iterator[tuple[Library, str]]:
        for module, scope in zip(self._modules, self._scopes, strict=False):
            paths = libraries.needed(module)
            for one in scope[1:]:
                if one not in self.inside:
                    wanted = [paths.get(name) for name in one.needed]
                    for library in self.inside:
                        if library.path in wanted:
                            yield library, f"{one.path.name} needs it, which stays one"

    def _asked_by_files(self) -> Iterator[tuple[Library, str]]:
        # Of what it does not need itself, but has from whoever is loaded with it.
        for scope in self._scopes if self.inside else ():
            files = [one for one in scope[1:] if one not in self.inside]
            for one in files:
                wants = (one.symbols[number] for number in _asked(one))
                for symbol in (symbol for symbol in wants if not symbol.section):
                    found = look_up(scope, symbol)
                    if found and found[0] in self.inside and not look_up(files, symbol):
                        yield found[0], f"{one.path.name} asks for its {symbol.name}"

    def _wrong(
        self, one: Library, symbol: Symbol, found: Sequence[Found | None]
    ) -> Iterator[tuple[Library, str]]:
        if symbol.section:
            # A function that C++ makes in each object that wants it is the same in all.
            is_copied = (
                symbol.bind == _WEAK and symbol.kind == _FUNCTION and symbol.name[:2] == "_Z"
            )
            is_own = all(place is not None and place[0] is one for place in found)
            if one in self.inside and not is_own and not is_copied:
                yield one, f"its {symbol.name} is found elsewhere first"
            return
        for library, offered in filter(None, found):
            if library in self._modules and one in self.inside:
                yield one, f"it asks a module for {symbol.name}"
            elif library in self.inside and len(found) > 1:
                yield library, f"{symbol.name} is not the same for all modules"
            elif library in self.inside and offered.section >= ABSOLUTE:
                yield library, f"{symbol.name} is no place in it"


def _asked(one: Library) -> list[int]:
    return sorted({relocation.symbol for relocation in one.relocations() if relocation.symbol})


def takes_from(module: Library) -> str:
    """Say which of its libraries has data of a module's, which a pack would not show it.

    The same object is in both, and the loader gives them the module's: a static
    variable of an inline function, where the compiler made it weak.

    Parameters
    ----------
    module
        A module's file.

    Returns
    -------
    str
        Nothing when none does.
    """
    scope = libraries.scope(module)
    for one in scope[1:]:
        wanted = _own_names(one)
        for name in sorted(wanted.keys() & module.offered.keys() - libraries.global_names()):
            found = look_up(scope, wanted[name])
            if found is not None and found[0] is module and _is_data(found[1]):
                return f"{one.path.name} takes {name} from it"
    return ""


def _is_data(symbol: Symbol) -> bool:
    if symbol.unique or symbol.name.startswith(_OF_TYPES):
        return False  # the loader sees to the one; C++ compares the others by their text
    return symbol.kind in _DATA


@cache
def _own_names(one: Library) -> dict[str, Symbol]:
    # Those that it defines and has the loader look for all the same.
    wanted = (one.symbols[number] for number in _asked(one))
    return {symbol.name: symbol for symbol in wanted if symbol.section}


def look_up(scope: Sequence[Library], symbol: Symbol) -> Found | None:
    """Find what the loader would find.

    Parameters
    ----------
    scope
        Where it looks, in this order.
    symbol
        What is wanted.

    Returns
    -------
    tuple or None
        Whose it is, and the symbol there.
    """
    for library in scope:
        for offered in library.offered.get(symbol.name, ()):
            if _matches(symbol, offered, library):
                return library, offered
    return None


def _matches(wanted: Symbol, offered: Symbol, library: Library) -> bool:
    if wanted.version is None or VERDEF not in library.tags:
        return not offered.hidden
    if offered.version is None:
        return not offered.hidden
    return offered.version[1] == wanted.version[1]
