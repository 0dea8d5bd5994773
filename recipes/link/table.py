"""Write the table of built-in modules that main.c registers.

    table.py LINK_FOLDER >table.c
    table.py --names LINK_FOLDER >names.txt

LINK_FOLDER holds <part>/<dotted.name>.o, as collect.py leaves them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from collect import built_in_symbol


def module_names(link: Path) -> list[str]:
    """Return the dotted names of all modules below the link folder, sorted."""
    names = sorted(path.name.removesuffix(".o") for path in link.glob("*/*.o"))
    symbols: dict[str, str] = {}
    for name in names:
        other = symbols.setdefault(built_in_symbol(name), name)
        if other is not name:
            raise ValueError(f"{name} and {other} have one init function")
    return names


def table(names: Iterable[str]) -> str:
    """Return the C source of the table."""
    pairs = [(name, built_in_symbol(name)) for name in names]
    lines = [
        "/* Made by recipes/link/table.py. */",
        "#include <Python.h>",
        "",
        *(f"extern PyObject *{symbol}(void);" for _, symbol in pairs),
        "",
        "struct _inittab hpcpy_extensions[] = {",
        *(f'    {{"{name}", {symbol}}},' for name, symbol in pairs),
        "    {NULL, NULL},",
        "};",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        modules = module_names(Path(sys.argv[-1]))
        names = "".join(f"{name}\n" for name in modules)
        sys.stdout.write(names if "--names" in sys.argv else table(modules))
    except ValueError as error:
        sys.exit(f"table.py: {error}")
