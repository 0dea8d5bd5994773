"""Replace `site.main` by one that does what a start needs, and opens no file.

The standard one lists each site-packages for `.pth` files and looks for `~/.local`,
`usercustomize` and `sitecustomize`, on every rank.  Here it runs in three cases: in a venv, where
the order of `sys.path` decides of packages; for a build backend; with HPCPY_MODULES=stock,
where that order decides of all modules.  `site` itself has a line more, which calls `main_for`.
"""

import sys

import _hpcpy_importer
from _hpcpy_say import say, setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main_for(site: "dict[str, Any]") -> "Callable[[], None]":
    """Return what takes the place of `site.main`, for a namespace that may be `__main__`'s."""
    stock_main: Callable[[], None] = site["main"]

    def main() -> None:
        """Prepare a start: the builtins for people, a venv's packages."""
        finder, is_venv = _hpcpy_importer.finder(), sys.prefix != sys.base_prefix
        start, library = finder.start, finder.bundle.library
        start.program = (getattr(sys, "argv", None) or [""])[0]
        if library in sys.path[1:]:
            # Absolute and each once, as in any Python.
            site["removeduppaths"]()
            # A program may give its children the image's folders.
            roots = {root.path for root in finder.bundle.roots}
            given = frozenset(sys.path[: sys.path.index(library)])
            start.pythonpath = given - roots
        modules = setting("HPCPY_MODULES") or ""
        is_stock = modules == "stock"
        if modules and not is_stock:
            say(f"HPCPY_MODULES={modules}: is not stock, the one value that it knows")
        if is_stock:
            start.site, start.libraries = "", []
        # pip and others tell a build backend by a sitecustomize where to import from.
        is_backend = setting("_PYPROJECT_HOOKS_BUILD_BACKEND") is not None
        if is_stock or (is_backend and not is_venv):
            stock_main()
            return
        site["ENABLE_USER_SITE"] = False
        # Set USER_SITE, though it is not used: `python -m site --user-site` and pip ask.
        site["getusersitepackages"]()
        if is_venv:
            start.site = ""
            stock_main()
            if finder.bundle.files and sys.base_prefix in site["PREFIXES"]:
                # --system-site-packages; `site` has looked for that folder in vain.
                sys.path += site["getsitepackages"]([sys.base_prefix])
            return
        # Not checked whether they are there, and no .pth file is read.
        sys.path += [path for path in site["getsitepackages"]() if path not in sys.path]
        site["setquit"]()
        site["setcopyright"]()
        site["sethelper"]()
        if not sys.flags.isolated:
            site["enablerlcompleter"]()
        if any("sitecustomize" in root.entries for root in finder.bundle.roots):
            site["execsitecustomize"]()

    return main
