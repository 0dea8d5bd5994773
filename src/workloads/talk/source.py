"""A technique's file as it is: what a student reads, copies and changes."""

from __future__ import annotations

import ast
import importlib.util
import re
from importlib import resources
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

# What a compiled kernel was compiled from, by the end of its name.
_LANGUAGES = {"cython": ("Cython", "pyx"), "f2py": ("Fortran", "f90")}
_KERNEL_IMPORT = re.compile(r"from (workloads\.\w+)(?:\.| import )(_kernels_\w+)")


def program(module: str) -> str:
    """Return the text of a technique's module, without what checkers alone read.

    The module is not imported: its packages may be absent here.  Its text comes from its
    loader, as the image has no file of it.
    """
    spec = importlib.util.find_spec(module)
    loader = cast("InspectLoader | None", spec.loader if spec else None)
    text = (loader.get_source(module) if loader else None) or ""
    return re.sub(r"  # (noqa|type):.*", "", text).strip()


def parameters(text: str, function: str) -> list[str]:
    """Return the names of a function's parameters that must be given."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return [each.arg for each in node.args.args]
    return []


def kernels(text: str) -> dict[str, tuple[str, str]]:
    """Return the compiled kernels that a program imports: language and text, by their names."""
    found = {}
    for package, name in _KERNEL_IMPORT.findall(text):
        found[name] = kernel(f"{package}.{name}")
    return found


def kernel(module: str) -> tuple[str, str]:
    """Return the language and the text that a compiled kernel comes from."""
    package, _, name = module.rpartition(".")
    language, ending = _LANGUAGES[name.rpartition("_")[2]]
    file = resources.files(package).joinpath(f"kernels/{name}.{ending}")
    return language, file.read_text("utf-8").strip()
