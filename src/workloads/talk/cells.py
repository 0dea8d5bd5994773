"""The code of a notebook's cells: each function stands in one of them, by a name of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workloads.talk.names import renamed
from workloads.talk.source import definition, meanings

# What starts Python anew imports no function of a cell.
_ANEW = re.compile(r'"spawn"|get_context\(method\)|InterpreterPoolExecutor')
_CACHE = re.compile(r"\(cache=True\)|, cache=True|(?<=\()cache=True, ")
_FORK = 'get_context("fork")  # No process that is started anew finds what a cell defines.'


class Cells:
    """What the cells so far have defined, and what each name in them stands for."""

    def __init__(self) -> None:
        self._meanings: dict[str, str] = {}
        self._defined: set[str] = set()  # of them, what a cell defines and does not import

    def add(self, technique: str, text: str, call: str) -> tuple[str, str]:
        """Return the code of a technique's cell, and the call of it.

        What a cell has defined is not defined again: a student may have changed it.  What
        another cell has defined otherwise gets another name, so that both can be run again.
        """
        text = _of_cell(text)
        starts_anew = bool(_ANEW.search(text))
        above: set[str] = set()
        for node in ast.parse(text).body:
            imports = _is_import(node)
            for name, place in meanings(node).items():
                # The same function may stand in a cell, and be imported by another.
                meaning = _CACHE.sub("", definition(place)) or place
                own = self._own(name, node, meaning, technique, anew=imports and starts_anew)
                if own != name:
                    text, call = renamed(text, name, own), renamed(call, name, own)
                if own in self._defined:
                    above.add(own)
                elif not imports:
                    self._defined.add(own)
                self._meanings[own] = meaning
        return _without(text, above), call

    def _own(self, name: str, node: ast.stmt, meaning: str, technique: str, *, anew: bool) -> str:
        """Return the name by which cells know what a statement binds."""
        hidden = self._defined if anew else set()
        if name not in hidden and self._meanings.get(name, meaning) == meaning:
            return name
        for known, each in self._meanings.items():
            if each == meaning and known not in hidden:
                return known
        if isinstance(node, ast.ImportFrom):
            return f"{name}_of_{str(node.module).rpartition('.')[2].strip('_')}"
        return f"{name}_{technique.replace('-', '_')}"


def _of_cell(text: str) -> str:
    """Return a program as a cell can run it: its timing takes the place of the main program.

    A cell's code is compiled anew in each session, and numba has no place for it where no home
    folder can be written.
    """
    text = text.partition("\n\nif __name__")[0]
    text = text.replace('get_context("forkserver")', _FORK)
    text = re.sub(
        r", forked by a server that has imported (?:this module|the kernel)| of a fork server",
        "",
        text,
    )
    return _CACHE.sub("", text)


def _without(text: str, above: set[str]) -> str:
    """Return a cell's code without what cells above it have defined, which a comment names."""
    if not above:
        return text
    code = "\n".join(_left(text, above)).strip()
    return f"# As above: {', '.join(sorted(above))}.\n{code}"


def _left(text: str, above: set[str]) -> Iterator[str]:
    lines, body = text.splitlines(), ast.parse(text).body
    own = [node for node in body if not _is_import(node) and not above >= meanings(node).keys()]
    used = {each.id for node in own for each in ast.walk(node) if isinstance(each, ast.Name)}
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound = {each: (each.asname or each.name).partition(".")[0] for each in node.names}
            node.names = [each for each in node.names if bound[each] in used - above]
            yield from [ast.unparse(node)] if node.names else []
        elif node in own:
            first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
            yield from ["", *lines[first - 1 : node.end_lineno]]


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
