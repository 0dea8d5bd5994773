"""A technique's program as a student would write it: its function, and what that uses."""

from __future__ import annotations

import ast
import importlib.util
import re
import symtable
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

# What a compiled kernel was compiled from, by the end of its name.
LANGUAGES = {"cython": ("Cython", "pyx"), "f2py": ("Fortran", "f90")}
KERNEL_IMPORT = re.compile(r"from (workloads\.\w+)(?:\.| import )(_kernels_\w+)")


def source(module: str, function: str) -> str:
    """Return a function, with the imports and names of its module that it uses.

    The module is not imported: its packages may be absent here.  Its text comes from its
    loader, as the image has no file of it.
    """
    package, _, name = module.rpartition(".")
    if name.startswith("_kernels"):
        file = f"kernels/{name}.{LANGUAGES[name.rpartition('_')[2]][1]}"
        return resources.files(package).joinpath(file).read_text("utf-8").strip()
    text = _text(module)
    body = ast.parse(text).body
    nodes = {name: node for node in body for name in meanings(node)}
    scopes = symtable.symtable(text, module, "exec").get_children()
    used: set[str] = set()
    # The program that the technique is, where its file can be run.
    program = [node for node in body if _is_program(node) and function in _names(node)]
    new = {function}.union(*map(_names, program)) & nodes.keys()
    while new:
        used |= new
        needed = (_names_of_module(nodes[name], scopes) for name in new)
        new = (set[str]().union(*needed) & nodes.keys()) - used
    chosen = []
    for node in body:
        if node in program or used.intersection(meanings(node)):
            first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
            if isinstance(node, ast.ImportFrom) and meanings(node).keys() - used:
                node.names = [each for each in node.names if (each.asname or each.name) in used]
                chosen.append(ast.unparse(node))
                continue
            blank = [] if isinstance(node, ast.Import | ast.ImportFrom) else [""]
            chosen += [*blank, *text.splitlines()[first - 1 : node.end_lineno]]
    return "\n".join(chosen).strip()


def definition(place: str) -> str:
    """Return what MODULE.NAME of a workload is defined as, or nothing where it is no workload's."""
    module, _, name = place.rpartition(".")
    if not re.fullmatch(r"workloads(\.\w+)+", module) or "._kernels" in module:
        return ""
    return next((m[name] for m in map(meanings, ast.parse(_text(module)).body) if name in m), "")


def _text(module: str) -> str:
    spec = importlib.util.find_spec(module)
    loader = cast("InspectLoader | None", spec.loader if spec else None)
    return _plain((loader.get_source(module) if loader else None) or "")


def _plain(text: str) -> str:
    """Return a program without what checkers alone read: their comments, functions' types."""
    lines = [re.sub(r"  # (noqa|type):.*", "", line).encode() for line in text.splitlines()]
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    cuts: set[tuple[int, int, int | None]] = set()
    for node in (node for function in functions for node in ast.walk(function)):
        match node:
            case ast.arg(annotation=ast.expr() as kind):
                begin = node.col_offset + len(node.arg)
            case ast.AnnAssign(target=ast.Name() as target, annotation=kind, value=ast.expr()):
                begin = target.col_offset + len(target.id)
            case ast.FunctionDef(returns=ast.expr() as kind):
                begin = lines[kind.lineno - 1].rindex(b" -> ", 0, kind.col_offset)
            case _:
                continue
        cuts.add((kind.lineno, begin, kind.end_col_offset))
    # From the end, so that what is left keeps its place.
    for number, begin, end in sorted(cuts, reverse=True):
        lines[number - 1] = lines[number - 1][:begin] + lines[number - 1][end:]
    return "\n".join(line.decode() for line in lines)


def _is_program(node: ast.stmt) -> bool:
    """Return whether a statement is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and "__name__" in _names(node.test)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _names_of_module(node: ast.stmt, scopes: Sequence[symtable.SymbolTable]) -> set[str]:
    """Return the names of its module that a statement uses: no local variable's."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return _names(node)
    # Decorators, defaults and base classes belong to the scope around it.
    around: list[ast.AST] = [*node.decorator_list]
    around += [node.args] if isinstance(node, ast.FunctionDef) else node.bases
    own = [scope for scope in scopes if scope.get_name() == node.name]
    return set[str]().union(*map(_names, around), *map(_globals, own))


def _globals(scope: symtable.SymbolTable) -> set[str]:
    names = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return names.union(*map(_globals, scope.get_children()))


def meanings(node: ast.stmt) -> dict[str, str]:
    """Return the names that a statement of a module binds, and what each stands for."""
    names: list[str] = []
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            names = [name]
        case ast.ImportFrom(names=aliases):
            return {each.asname or each.name: f"{node.module}.{each.name}" for each in aliases}
        case ast.Import(names=aliases):
            names = [each.asname or each.name.partition(".")[0] for each in aliases]
        case ast.Assign(targets=targets):
            parts = (part for target in targets for part in ast.walk(target))
            names = [part.id for part in parts if isinstance(part, ast.Name)]
    return dict.fromkeys(names, ast.unparse(node))
