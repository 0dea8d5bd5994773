"""Replace `site.main` by one that does what a start needs, and opens no file.

The standard one lists each site-packages for `.pth` files and looks for
`~/.local`, `usercustomize` and `sitecustomize`, on every rank.  Here it runs in
three cases: in a venv, where the order of `sys.path` decides of packages and `.pth`
files count; for a package's build backend; with HPCPY_SITE=stock, where that order
decides of all modules.  `site` itself stays CPython's, with a line before its last that calls
`main_for`.
"""

import os
import sys

import _hpcpy_importer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main_for(site: "dict[str, Any]") -> "Callable[[], None]":
    """Return what takes the place of `site.main`, for a namespace that may be `__main__`'s."""
    stock_main: Callable[[], None] = site["main"]

    def main() -> None:
        """Prepare a start: the builtins for people, a venv's packages."""
        if not sys.flags.ignore_environment:
            if os.environ.get("HPCPY_SITE") == "stock":
                _hpcpy_importer.finder().follow_path(also_library=True)
                stock_main()
                return
            if "_PYPROJECT_HOOKS_BUILD_BACKEND" in os.environ:
                # pip and others tell a build backend by a sitecustomize where to import from.
                stock_main()
                return
        site["ENABLE_USER_SITE"] = False
        # Set USER_SITE, though it is not used: `python -m site --user-site` and pip ask.
        site["getusersitepackages"]()
        if sys.prefix != sys.base_prefix:
            _hpcpy_importer.finder().follow_path(also_library=False)
            stock_main()
            if _hpcpy_importer.finder().bundle.files and sys.base_prefix in site["PREFIXES"]:
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
        if any("sitecustomize" in root.entries for root in _hpcpy_importer.finder().bundle.roots):
            site["execsitecustomize"]()

    return main
