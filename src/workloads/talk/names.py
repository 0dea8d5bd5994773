"""Names in a program's text: what gives way to another of the same name is renamed in all uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Line from 1, byte in it from 0, what stands there, and what takes its place.
_Edit = tuple[int, int, str, str]


def renamed(text: str, name: str, new: str) -> str:
    """Return a program with a name of its module renamed: no attribute, text or local variable."""
    lines = [line.encode() for line in text.split("\n")]
    # From the end, so that what is left keeps its place.
    for number, begin, there, instead in sorted(_edits(ast.parse(text), name, new), reverse=True):
        line = lines[number - 1]
        # Before Python 3.12, what an f-string uses has no right place.
        if line[begin:].startswith(there.encode()):
            lines[number - 1] = line[:begin] + instead.encode() + line[begin + len(there) :]
    return b"\n".join(lines).decode()


def _edits(node: ast.AST, name: str, new: str) -> Iterator[_Edit]:
    match node:
        case ast.Name() if node.id == name:
            yield node.lineno, node.col_offset, name, new
        case ast.alias() if (node.asname or node.name) == name:
            there = f"{node.name} as {name}" if node.asname else name
            yield node.lineno, node.col_offset, there, f"{node.name} as {new}"
        case ast.FunctionDef() | ast.ClassDef() if node.name == name:
            word = "class" if isinstance(node, ast.ClassDef) else "def"
            yield node.lineno, node.col_offset, f"{word} {name}", f"{word} {new}"
    for child in ast.iter_child_nodes(node):
        if not _is_local(child, name):
            yield from _edits(child, name, new)


def _is_local(node: ast.AST, name: str) -> bool:
    """Return whether a name is an argument or a variable of a function's own."""
    if not isinstance(node, ast.FunctionDef | ast.Lambda):
        return False
    inside = [part for child in ast.iter_child_nodes(node) for part in ast.walk(child)]
    return any(
        (isinstance(part, ast.arg) and part.arg == name)
        or (isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store))
        for part in inside
    )
